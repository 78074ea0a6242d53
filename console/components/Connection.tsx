import { useEffect, useEffectEvent, useState } from 'react';
import { type AskedSubscription, subscribe, type SubscriptionEvent } from '../fhir/realtime.js';
import { useApi } from '../session/queries.js';
import { Notice } from './Said.js';

/** How a subscription is; `why` says why it is not. */
export interface Connection {
  readonly is: 'connecting' | 'open' | 'closed';
  readonly why?: string;
}

/**
 * Subscribes as long as the component is there.
 * @param asked what to; a new object subscribes anew, undefined to nothing.
 */
export function useSubscription(
  asked: AskedSubscription | undefined,
  onEvent: (event: SubscriptionEvent) => void,
): Connection {
  const api = useApi();
  const [connection, setConnection] = useState<Connection>({ is: 'connecting' });
  const told = useEffectEvent(onEvent);
  useEffect(() => {
    if (asked === undefined) return undefined;
    return subscribe(api, asked, {
      onState: (is, why) => {
        setConnection(why === undefined ? { is } : { is, why });
      },
      onEvent: (event) => {
        told(event);
      },
    });
  }, [api, asked]);
  return connection;
}

const kinds = { connecting: '', open: 'good', closed: 'bad' } as const;

/** Whether events come, in a word. @param open what it is called while they do. */
export const ConnectionChip = ({
  connection: { is },
  open,
  isPaused = false,
}: {
  readonly connection: Connection;
  readonly open: string;
  readonly isPaused?: boolean;
}) => (
  <span className={`chip ${isPaused ? '' : kinds[is]}`} role="status">
    <span className="dot" />
    {isPaused ? 'paused' : is === 'open' ? open : is === 'closed' ? 'not connected' : 'connecting'}
  </span>
);

/** Why no events come. */
export const ConnectionFailure = ({ connection: { why } }: { readonly connection: Connection }) =>
  why === undefined ? null : (
    <Notice kind="bad">
      <p>{why}</p>
    </Notice>
  );
