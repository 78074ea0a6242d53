import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import { isOfSpace } from '../../persistence/disk-space.js';

/** One record of oidc-provider: a session, a grant, a refresh token, … */
interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** What is needed for a minute or for one page is not worth a write. */
const passing = ['Interaction', 'ReplayDetection'];

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && 'until' in value && 'payload' in value;

/** Whatever the file holds: a damaged one costs no more than signing in again. */
function readEntries(file: string): Map<string, Entry> {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
    return new Map(entries.filter((entry): entry is [string, Entry] => isEntry(entry[1])));
  } catch {
    return new Map();
  }
}

/**
 * Keeps who is signed in, in one file of the data folder, so that sessions and refresh tokens survive a restart.
 * A local sign-in has a handful of them; the file is written whole, in place of the old one, at each change.
 * https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#adapter
 * @param dataFolder the data folder, which exists.
 * @returns the adapter oidc-provider asks for.
 */
export function keepSessions(dataFolder: string): AdapterFactory {
  const file = join(dataFolder, 'sign-in-sessions.json');
  const entries = readEntries(file);
  const key = (model: string, id: string): string => `${model}:${id}`;

  /**
   * @param mayWait whether a full disk stops nobody: they go on in memory, and are written with the next change. What was given
   * back must not count again after a restart.
   */
  const write = (model: string, mayWait = false): void => {
    if (passing.includes(model)) return;
    for (const [name, { until }] of entries) if (until <= Date.now()) entries.delete(name);
    const kept = [...entries].filter(([name]) => !passing.some((each) => name.startsWith(`${each}:`)));
    const draft = `${file}.${String(process.pid)}`;
    try {
      writeFileSync(draft, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 });
      renameSync(draft, file);
    } catch (error) {
      rmSync(draft, { force: true });
      if (!mayWait || !isOfSpace(error)) throw error;
    }
  };

  const live = (name: string): AdapterPayload | undefined => {
    const entry = entries.get(name);
    return entry === undefined || entry.until <= Date.now() ? undefined : entry.payload;
  };

  const liveWith = (model: string, property: 'uid' | 'userCode', value: string): AdapterPayload | undefined => {
    for (const [name, { payload }] of entries) {
      if (name.startsWith(`${model}:`) && payload[property] === value) return live(name);
    }
    return undefined;
  };

  return (model): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      entries.set(key(model, id), {
        payload,
        until: expiresIn === undefined ? Number.MAX_SAFE_INTEGER : Date.now() + expiresIn * 1000,
      });
      write(model, true);
      return Promise.resolve();
    },
    find: async (id) => Promise.resolve(live(key(model, id))),
    findByUid: async (uid) => Promise.resolve(liveWith(model, 'uid', uid)),
    findByUserCode: async (userCode) => Promise.resolve(liveWith(model, 'userCode', userCode)),
    consume: async (id) => {
      const entry = entries.get(key(model, id));
      if (entry !== undefined) entry.payload.consumed = Math.floor(Date.now() / 1000);
      write(model, true);
      return Promise.resolve();
    },
    destroy: async (id) => {
      entries.delete(key(model, id));
      write(model);
      return Promise.resolve();
    },
    revokeByGrantId: async (grantId) => {
      for (const [name, { payload }] of entries) {
        if (name.startsWith(`${model}:`) && payload.grantId === grantId) entries.delete(name);
      }
      write(model);
      return Promise.resolve();
    },
  });
}
