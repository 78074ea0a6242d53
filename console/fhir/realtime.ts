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

/** How a subscription goes on. */
export interface Listener {
  /** An event: its `data`, and `errors` if it has some. */
  onEvent(event: { readonly data?: unknown; readonly errors?: unknown }): void;
  onState(state: 'connecting' | 'open' | 'closed', why?: string): void;
}

/** How listening to changes goes on. */
export interface ChangeListener extends Pick<Listener, 'onState'> {
  onChange(change: Change): void;
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
    readonly errors?: readonly { readonly message?: string }[];
  };
}

/** Listens to changes; see `subscribe`. */
export const listenToChanges = (
  graphql: string,
  token: () => Promise<string | undefined>,
  filter: ChangeFilter,
  listener: ChangeListener,
): (() => void) =>
  subscribe(
    graphql,
    token,
    { query, variables: filter },
    {
      onState: (state, why) => {
        listener.onState(state, why);
      },
      onEvent: ({ data }) => {
        const change = (data as { readonly onResourceChanged?: Change | null } | undefined)?.onResourceChanged;
        if (change !== undefined && change !== null) listener.onChange(change);
      },
    },
  );

/**
 * Subscribes by AppSync's real-time protocol, and connects again when the connection ends.
 * https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 * @param graphql the URL of the API.
 * @param token gives the access token of each connection.
 * @param asked the subscription and its variables.
 * @returns a function that ends it.
 */
export function subscribe(
  graphql: string,
  token: () => Promise<string | undefined>,
  asked: { readonly query: string; readonly variables?: unknown },
  listener: Listener,
): () => void {
  let socket: WebSocket | undefined;
  let isEnded = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = 1000;
  const connect = async (): Promise<void> => {
    listener.onState('connecting');
    const url = new URL(`${graphql}/realtime`);
    const authorization = { Authorization: (await token()) ?? '', host: url.host };
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    if (isEnded) return;
    const opened = new WebSocket(url, ['graphql-ws', `header-${base64Url(JSON.stringify(authorization))}`]);
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
        isEnded = type === 'error';
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
