import type { Api } from './api.js';

/** A change as subscribers are told of it. */
export interface Change {
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  readonly action: 'create' | 'update' | 'patch' | 'delete';
  readonly lastUpdated: string;
}

/** Which changes are listened to; all without members. */
export interface ChangeFilter {
  readonly type?: string;
  readonly compartment?: string;
  readonly actions?: readonly Change['action'][];
}

/** A subscription as it is asked for. */
export interface AskedSubscription {
  readonly query: string;
  readonly variables?: unknown;
}

/** What one tells: its `data`, and `errors` if it has some. */
export interface SubscriptionEvent {
  readonly data?: unknown;
  readonly errors?: unknown;
}

/** How a subscription goes on. */
export interface Listener {
  onEvent(event: SubscriptionEvent): void;
  onState(state: 'connecting' | 'open' | 'closed', why?: string): void;
}

const query = `subscription ($type: ResourceType, $compartment: String, $actions: [ChangeAction!]) {
  onResourceChanged(type: $type, compartment: $compartment, actions: $actions) {
    type id versionId action lastUpdated
  }
}`;

const base64Url = (text: string): string => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

interface Frame {
  readonly type?: string;
  readonly payload?: {
    readonly connectionTimeoutMs?: number;
    readonly data?: unknown;
    readonly errors?: readonly { readonly message?: string; readonly errorCode?: number }[];
  };
}

/** The subscription to changes. */
export const changesAsked = (filter: ChangeFilter): AskedSubscription => ({ query, variables: filter });

/** The change that an event of it tells; undefined where there is none. */
export const changeOf = ({ data }: SubscriptionEvent): Change | undefined =>
  (data as { readonly onResourceChanged?: Change | null } | undefined)?.onResourceChanged ?? undefined;

/**
 * Subscribes by AppSync's real-time protocol, and connects again when the connection ends.
 * https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 * @param api where it is; gives the access token of each connection.
 * @returns a function that ends it.
 */
export function subscribe(
  api: Pick<Api, 'graphql' | 'realtime' | 'token'>,
  asked: AskedSubscription,
  listener: Listener,
): () => void {
  let socket: WebSocket | undefined;
  let isEnded = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = 1000;
  const connect = async (): Promise<void> => {
    listener.onState('connecting');
    const authorization = { Authorization: (await api.token()) ?? '', host: new URL(api.graphql).host };
    if (isEnded) return;
    const opened = new WebSocket(api.realtime, ['graphql-ws', `header-${base64Url(JSON.stringify(authorization))}`]);
    socket = opened;
    let why: string | undefined;
    opened.onopen = () => {
      opened.send(JSON.stringify({ type: 'connection_init' }));
    };
    opened.onmessage = ({ data }) => {
      const { type, payload } = JSON.parse(String(data)) as Frame;
      if (type === 'connection_ack') {
        const request = JSON.stringify(asked);
        opened.send(
          JSON.stringify({ id: '1', type: 'start', payload: { data: request, extensions: { authorization } } }),
        );
      }
      if (type === 'start_ack') {
        wait = 1000;
        listener.onState('open');
      }
      if (type === 'error' || type === 'connection_error') {
        why = payload?.errors?.[0]?.message ?? 'The server refuses the subscription.';
        isEnded = type === 'error' && ![429, 503].includes(payload?.errors?.[0]?.errorCode ?? 0); // those pass
        opened.close();
      }
      if (type === 'data' && payload !== undefined)
        listener.onEvent({
          data: payload.data,
          ...(payload.errors === undefined ? {} : { errors: payload.errors }),
        });
    };
    opened.onclose = () => {
      listener.onState('closed', why);
      if (isEnded) return;
      timer = setTimeout(() => void connect(), wait);
      wait = Math.min(30_000, wait * 2);
    };
  };
  void connect();
  return () => {
    isEnded = true;
    clearTimeout(timer);
    if (socket !== undefined) {
      socket.onclose = null;
      socket.close();
    }
  };
}
