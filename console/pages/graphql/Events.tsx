import { lazy, Suspense, useEffect, useState } from 'react';
import { Empty, Loading, Notice } from '../../components/Said.js';
import type { Api } from '../../fhir/api.js';
import { subscribe } from '../../fhir/realtime.js';

const Code = lazy(() => import('../../components/Code.js'));

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const most = 100;

/** A subscription as it was asked for. */
export interface AskedSubscription {
  readonly query: string;
  readonly variables?: unknown;
}

interface Event {
  readonly at: Date;
  readonly number: number;
  readonly text: string;
}

/** What a subscription tells, the latest first, as long as it is shown. */
export function Events({ api, asked }: { readonly api: Api; readonly asked: AskedSubscription }) {
  const [state, setState] = useState<{ readonly is: string; readonly why?: string }>({ is: 'connecting' });
  const [events, setEvents] = useState<readonly Event[]>([]);
  useEffect(
    () =>
      subscribe(api.graphql, () => api.token(), asked, {
        onState: (is, why) => {
          setState(why === undefined ? { is } : { is, why });
        },
        onEvent: (event) => {
          setEvents((known) =>
            [
              { at: new Date(), number: (known[0]?.number ?? 0) + 1, text: JSON.stringify(event, null, 2) },
              ...known,
            ].slice(0, most),
          );
        },
      }),
    [api, asked],
  );
  const [latest] = events;
  return (
    <>
      <div className="row card-body events-state">
        <span className={`chip ${state.is === 'open' ? 'good' : state.is === 'closed' ? 'bad' : ''}`} role="status">
          <span className="dot" />
          {state.is === 'open' ? 'subscribed' : state.is === 'closed' ? 'not connected' : 'connecting'}
        </span>
        <span className="soft small numbers">
          {latest === undefined ? 'no event yet' : `${String(latest.number)} events`}
        </span>
        <button
          type="button"
          className="button spread"
          disabled={events.length === 0}
          onClick={() => {
            setEvents([]);
          }}
        >
          Clear
        </button>
      </div>
      {state.why === undefined ? null : (
        <div className="card-body">
          <Notice kind="bad">
            <p>{state.why}</p>
          </Notice>
        </div>
      )}
      {events.length === 0 ? (
        state.why === undefined ? (
          <Empty icon="live" title="Nothing has happened yet">
            <p>Each event appears here in the moment it is committed. Save something in another window.</p>
          </Empty>
        ) : null
      ) : (
        <ol className="events" aria-live="polite">
          {events.map((event) => (
            <li key={event.number}>
              <span className="soft small numbers">
                {event.number} · {time.format(event.at)}
              </span>
              <Suspense fallback={<Loading lines={3} />}>
                <Code text={event.text} label={`Event ${String(event.number)}`} />
              </Suspense>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
