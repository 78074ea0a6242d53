import { lazy, Suspense, useState } from 'react';
import { ConnectionChip, ConnectionFailure, useSubscription } from '../../components/Connection.js';
import { Empty, Loading } from '../../components/Said.js';
import type { AskedSubscription } from '../../fhir/realtime.js';

const Code = lazy(() => import('../../components/Code.js'));

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const most = 100;

interface Event {
  readonly at: Date;
  readonly number: number;
  readonly text: string;
}

/** What a subscription tells, the latest first, as long as it is shown. */
export function Events({ asked }: { readonly asked: AskedSubscription }) {
  const [events, setEvents] = useState<readonly Event[]>([]);
  const connection = useSubscription(asked, (event) => {
    setEvents((known) =>
      [{ at: new Date(), number: (known[0]?.number ?? 0) + 1, text: JSON.stringify(event, null, 2) }, ...known].slice(
        0,
        most,
      ),
    );
  });
  const [latest] = events;
  return (
    <>
      <div className="row card-body events-state">
        <ConnectionChip connection={connection} open="subscribed" />
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
      {connection.why === undefined ? null : (
        <div className="card-body">
          <ConnectionFailure connection={connection} />
        </div>
      )}
      {events.length === 0 ? (
        connection.why === undefined ? (
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
