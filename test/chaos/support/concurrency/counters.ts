import { type JsonAnswer, type JsonClient, jsonClients } from '../json-client.js';
import type { Bundle } from './answers.js';
import type { Target } from './round.js';

const writers = 8;

/**
 * Has eight writers count up two counters, alone and together, each by what it read and If-Match, until it is done.
 * @param times how often each of them counts.
 * @throws Error when a counter is not as often as it was counted, or its versions have a gap.
 */
export async function countTogether({ servers, version }: Target, name: string, times: number): Promise<void> {
  const base = `/${version}`;
  const ids = [`${name}-a`, `${name}-b`];
  /** What a writer counts at a time: every third time both. */
  const countedBy = (at: number, time: number): readonly string[] =>
    (at + time) % 3 === 0 ? ids : [ids[(at + time) % 2] ?? ''];
  const clients = jsonClients(servers, writers);
  const [first] = clients;
  for (const id of ids) await first.ask({ method: 'PUT', path: `${base}/Patient/${id}`, body: counter(id, 0) });

  const read = async (client: JsonClient, id: string): Promise<{ id: string; count: number; versionId: string }> => {
    const { json } = await client.ask<Counter>({ method: 'GET', path: `${base}/Patient/${id}` });
    return { id, count: Number(json.identifier[0]?.value), versionId: json.meta.versionId };
  };
  /** @returns whether nobody else was faster. */
  async function count(client: JsonClient, counted: readonly string[]): Promise<boolean> {
    const found = await Promise.all(counted.map((id) => read(client, id)));
    const [only, second] = found;
    if (only === undefined) return true;
    const answer =
      second === undefined
        ? await client.ask({
            method: 'PUT',
            path: `${base}/Patient/${only.id}`,
            headers: { 'if-match': `W/"${only.versionId}"` },
            body: counter(only.id, only.count + 1),
          })
        : await client.ask({ method: 'POST', path: base, body: bundle(found) });
    return wasDone(answer);
  }

  const each = clients.map(async (client, at) => {
    for (let time = 0; time < times; time += 1) {
      const counted = countedBy(at, time);
      while (!(await count(client, counted))) await new Promise((done) => setTimeout(done, Math.random() * 20));
    }
  });
  await Promise.all(each);
  const expected = new Map(ids.map((id) => [id, 0]));
  for (let at = 0; at < writers; at += 1) {
    for (let time = 0; time < times; time += 1) {
      for (const id of countedBy(at, time)) expected.set(id, (expected.get(id) ?? 0) + 1);
    }
  }
  for (const [id, total] of expected) {
    const path = `${base}/Patient/${id}/_history?_count=1000`;
    const { json } = await first.ask<Bundle>({ method: 'GET', path });
    const versions = (json.entry ?? []).map(({ resource }) => [
      Number(resource?.meta.versionId),
      Number(resource?.identifier[0]?.value),
    ]);
    const wanted = Array.from({ length: total + 1 }, (_, back) => [total + 1 - back, total - back]);
    if (JSON.stringify(versions) === JSON.stringify(wanted)) continue;
    throw new Error(`${id} was counted ${String(total)} times, its versions are ${JSON.stringify(versions)}`);
  }
  for (const client of clients) client.close();
}

interface Counter {
  readonly identifier: readonly { readonly value: string }[];
  readonly meta: { readonly versionId: string };
}

const counter = (id: string, count: number): object => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: 'urn:count', value: String(count) }],
});

const bundle = (found: readonly { id: string; count: number; versionId: string }[]): object => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: found.map(({ id, count, versionId }) => ({
    resource: counter(id, count + 1),
    request: { method: 'PUT', url: `Patient/${id}`, ifMatch: `W/"${versionId}"` },
  })),
});

function wasDone({ status, text }: JsonAnswer): boolean {
  if (status === 200) return true;
  if (status === 409 || status === 412) return false;
  throw new Error(`Answered ${String(status)}: ${text.slice(0, 500)}`);
}
