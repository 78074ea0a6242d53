import { expect } from '@jest/globals';
import type { Frame, RealtimeClient } from '../support/realtime-client.js';
import type { Stack } from './support/stack.js';

/** A change as subscribers are told of it. */
interface Told {
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  readonly action: string;
}

/** A client that listens to changes. */
export interface Subscriber {
  /** The next changes, in the order they are told. */
  changes(count: number): Promise<readonly Told[]>;
  close(): Promise<void>;
}

/** Subscribes to changes of a type, by the real-time protocol. */
export async function subscribed(stack: Stack, type: string, as?: string): Promise<Subscriber> {
  const client: RealtimeClient = await stack.subscriber(as);
  client.send({ type: 'connection_init' });
  expect((await client.next()).type).toBe('connection_ack');
  const query = `subscription { onResourceChanged(type: ${type}) { type id versionId action lastUpdated } }`;
  expect((await client.start('1', query)).type).toBe('start_ack');
  const toldBy = ({ payload }: Frame): Told => payload?.data?.['onResourceChanged'] as Told;
  return {
    async changes(count) {
      const told: Told[] = [];
      while (told.length < count) told.push(toldBy(await client.next()));
      return told;
    },
    close: () => client.close(),
  };
}
