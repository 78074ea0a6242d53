/** Limits of real-time connections. https://docs.aws.amazon.com/general/latest/gr/appsync.html#limits_appsync */
export interface RealtimeLimits {
  /** Within how many milliseconds a client must have heard a `ka`, or it may take the connection for dead. */
  readonly connectionTimeoutMs: number;
  /** Milliseconds between two `ka`. */
  readonly keepAliveMs: number;
  /** How long a connection lives, in milliseconds. */
  readonly lifeMs: number;
  /** The most subscriptions of one connection. */
  readonly maxSubscriptions: number;
  /** The most bytes of a message, either way. */
  readonly maxMessageBytes: number;
  /** How much may wait for a client that does not read, in bytes; then its connection is closed. */
  readonly maxWaitingBytes: number;
}

/** AppSync's; how much may wait for a slow client is not documented. */
export const standardRealtimeLimits: RealtimeLimits = {
  connectionTimeoutMs: 300_000,
  keepAliveMs: 60_000,
  lifeMs: 24 * 3_600_000,
  maxSubscriptions: 100,
  maxMessageBytes: 240 * 1024,
  maxWaitingBytes: 8 * 1024 * 1024,
};
