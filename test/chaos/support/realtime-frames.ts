import { WebSocket } from 'ws';
import { bodyOf, graphqlParts, type Schemas } from './graphql-requests.js';
import { hostileJson, hostileText, inUrl } from './hostile.js';
import type { Chance } from './seed.js';

const versions = ['r4', 'stu3'] as const;

/** A handshake and what is sent after it. */
export interface Conversation {
  readonly path: string;
  readonly protocols: readonly string[];
  readonly frames: readonly (string | Buffer)[];
}

/** A conversation over the WebSocket whose parts may be anything. */
export function conversation(chance: Chance, schemas: Schemas, token: string): Conversation {
  const version = chance.pick(versions);
  const headers = (): string =>
    chance.once(8)
      ? hostileJson(chance)
      : JSON.stringify({ Authorization: chance.once(8) ? hostileText(chance, 2_000) : token, host: '127.0.0.1' });
  const encoded = Buffer.from(headers()).toString('base64url').slice(0, 60_000);
  const inQuery = chance.once(6);
  const path = `/${version}/graphql${chance.once(2) ? '/realtime' : ''}`;
  const frame = (): string | Buffer => {
    if (chance.once(8)) return hostileJson(chance);
    if (chance.once(20)) return Buffer.from(hostileText(chance));
    const id = chance.once(4)
      ? hostileJson(chance)
      : JSON.stringify(chance.pick(['1', '2', '', '__proto__', 'x'.repeat(300)]));
    const type = chance.once(6)
      ? hostileText(chance, 100)
      : chance.pick(['start', 'start', 'start', 'stop', 'connection_init', 'ka', 'connection_terminate']);
    const data = bodyOf(chance, {
      ...graphqlParts(chance, schemas, version),
      ...(chance.once(2) ? {} : { query: 'subscription { onResourceChanged { type id } }' }),
    }).toString('utf8');
    return `{"id":${id},"type":${JSON.stringify(type)},"payload":${chance.once(8) ? hostileJson(chance) : `{"data":${JSON.stringify(data)},"extensions":{"authorization":${headers()}}}`}}`;
  };
  return {
    path: inQuery
      ? `${path}?header=${chance.once(4) ? inUrl(chance, hostileText(chance, 2_000)) : encoded}&payload=e30=`
      : path,
    protocols: inQuery
      ? ['graphql-ws']
      : chance.once(20)
        ? []
        : [...(chance.once(20) ? [] : ['graphql-ws']), `header-${encoded}`],
    frames: [
      chance.once(8) ? frame() : '{"type":"connection_init"}',
      ...Array.from({ length: chance.once(10) ? 120 : 1 + chance.below(6) }, frame),
    ],
  };
}

/**
 * Holds a conversation, and ends it when the server has heard all of it.
 * @returns every frame the server sent, as text; what kept the connection from being opened instead.
 */
export async function converse(port: number, { path, protocols, frames }: Conversation): Promise<readonly string[]> {
  const heard: string[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`, [...protocols]);
  socket.on('message', (data: Buffer) => heard.push(data.toString('utf8')));
  const ended = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', (error) => heard.push(`error ${error.message}`));
  const opened = new Promise<boolean>((resolve) => {
    socket.on('open', () => {
      resolve(true);
    });
    socket.on('close', () => {
      resolve(false);
    });
  });
  if (await opened) {
    for (const frame of frames) if (socket.readyState === socket.OPEN) socket.send(frame);
    const pong = new Promise((resolve) => socket.once('pong', resolve));
    socket.ping();
    await Promise.race([pong, ended]);
    socket.close();
  }
  await ended;
  return heard;
}
