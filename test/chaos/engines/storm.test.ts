import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answered, troubledClient, type TroubledClient } from '../support/client.js';
import { driftOf } from '../support/drift-of.js';
import { type FaultyEngines, startFaultyEngines } from '../support/faulty-engines.js';
import { type Chance, chanceOf, runs, seed } from '../support/seed.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { stormy } from '../support/weather.js';

// DynamoDB, OpenSearch and S3 are throttled, fail, are slow, drop connections and break off answers: what is answered
// then is 503, and when it is over nothing is lost, doubled or half done.

let engines: FaultyEngines;
let server: ServerProcess;
let client: TroubledClient;
beforeAll(async () => {
  engines = await startFaultyEngines();
  server = await startServerProcess({ ...engines.environment, AUTH: 'off' });
  client = troubledClient(`http://127.0.0.1:${String(server.port)}`);
});
afterAll(async () => {
  await client.close();
  await server.close();
  await engines.close();
});

interface Read {
  readonly id: string;
  readonly meta: { readonly versionId: string };
  readonly language?: string;
  readonly name?: readonly { readonly text: string }[];
  readonly total?: number;
  readonly entry?: readonly { readonly resource?: Read; readonly response?: { readonly location: string } }[];
}
const read = ({ text }: Answered): Read => JSON.parse(text) as Read;

/** A patient that one worker writes: what it was told of each version, and what it tried. */
interface Written {
  readonly id: string;
  /** By version, what was written, as it was answered. */
  readonly known: Map<number, string>;
  /** Everything that was tried. */
  readonly tried: Set<string>;
}

const patients: Written[] = [];
/** By tag, whether a transaction of so many entries was answered to be done, not to be done, or neither. */
const transactions = new Map<string, { readonly entries: number; readonly done: boolean | undefined }>();
/** Identifiers that were conditionally created again and again until it was said to be done. */
const conditionals: string[] = [];
const ofWrites = [200, 201, 409, 412];
const get = (path: string): { method: string; path: string } => ({ method: 'GET', path });

/** A patient; a large one goes to S3. */
const patient = (text: string, isLarge: boolean, more: object = {}): object => ({
  resourceType: 'Patient',
  name: [{ text }, ...(isLarge ? [{ text: 'x'.repeat(400_000) }] : [])],
  ...more,
});

let serial = 0;
const label = (): string => {
  serial += 1;
  return `m${String(serial)}`;
};

/** @returns the patient, where it was answered to be there. */
async function create(chance: Chance): Promise<Written | undefined> {
  const text = label();
  const answered = await client.send(ofWrites, {
    method: 'POST',
    path: '/r4/Patient',
    body: patient(text, engines.hasS3 && chance.once(5)),
  });
  if (answered.status !== 201) return undefined;
  const made = { id: read(answered).id, known: new Map([[1, text]]), tried: new Set([text]) };
  patients.push(made);
  return made;
}

async function update(written: Written, chance: Chance): Promise<void> {
  const text = label();
  written.tried.add(text);
  const [last] = [...written.known.keys()].toSorted((a, b) => b - a);
  const headers = chance.once(2) ? { 'if-match': `W/"${String(last)}"` } : {};
  const body = patient(text, engines.hasS3 && chance.once(8), { id: written.id });
  const answered = await client.send(ofWrites, { method: 'PUT', path: `/r4/Patient/${written.id}`, body, headers });
  if (answered.status === 200) written.known.set(Number(read(answered).meta.versionId), text);
}

async function readBack(written: Written): Promise<void> {
  const least = Math.max(...written.known.keys());
  const answered = await client.send([200], get(`/r4/Patient/${written.id}`));
  if (answered.status !== 200) return;
  const { meta, name } = read(answered);
  const isKnown = Number(meta.versionId) >= least && written.tried.has(name?.[0]?.text ?? '');
  if (!isKnown) client.wrong.push(`Patient/${written.id} is read as version ${meta.versionId} after ${String(least)}`);
}

/** A transaction of so many entries, the larger ones in steps. */
async function transact(chance: Chance): Promise<void> {
  const tag = label();
  const entries = chance.pick([3, 60, 110]);
  const meta = { tag: [{ system: 'urn:chaos', code: tag }] };
  const entry = Array.from({ length: entries }, (_, at) => ({
    resource: { resourceType: 'Basic', meta, code: { text: `${tag} ${String(at)}` } },
    request: { method: 'POST', url: 'Basic' },
  }));
  const body = { resourceType: 'Bundle', type: 'transaction', entry };
  const { status } = await client.send(ofWrites, { method: 'POST', path: '/r4', body });
  transactions.set(tag, { entries, done: status === 200 ? true : status === 503 ? undefined : false });
}

/** As a client does that was told to try again. */
async function createOnce(): Promise<void> {
  const value = label();
  const body = { resourceType: 'Organization', name: value, identifier: [{ system: 'urn:chaos', value }] };
  for (let tries = 0; tries < 5; tries += 1) {
    const headers = { 'if-none-exist': `identifier=urn:chaos|${value}` };
    const { status } = await client.send(ofWrites, { method: 'POST', path: '/r4/Organization', body, headers });
    if (status < 300) {
      conditionals.push(value);
      return;
    }
  }
}

async function ask(written: Written | undefined, chance: Chance): Promise<void> {
  const path = chance.pick([
    '/r4/Patient?_count=5',
    '/r4/Basic?_tag=urn:chaos|m1',
    `/r4/Patient/${written?.id ?? 'x'}/_history`,
    '/r4/Patient?_sort=-_lastUpdated&_count=3&_total=accurate',
    '/r4/Organization?name=m&_revinclude=Patient:organization',
    '/r4/_history?_count=5',
  ]);
  await client.send([200, 404], get(path));
}

async function askByGraphql(written: Written): Promise<void> {
  const json = { 'content-type': 'application/json' };
  const query = `{ Patient(id: "${written.id}") { id } }`;
  const answered = await client.send([200], { method: 'POST', path: '/r4/graphql', body: { query }, headers: json });
  if (answered.status !== 200) return;
  const { data, errors } = JSON.parse(answered.text) as { data?: { Patient?: { id: string } }; errors?: unknown };
  if (errors === undefined && data?.Patient?.id !== written.id) client.wrong.push(`GraphQL: ${answered.text}`);
}

async function work(worker: number, steps: number): Promise<void> {
  const own: Written[] = [];
  for (let step = 0; step < steps; step += 1) {
    const chance = chanceOf(`worker ${String(worker)}`, step);
    const any = own.length === 0 ? undefined : chance.pick(own);
    const kind = chance.below(10);
    if (any === undefined || kind === 0) {
      const made = await create(chance);
      if (made !== undefined) own.push(made);
    } else if (kind < 4) await update(any, chance);
    else if (kind < 6) await readBack(any);
    else if (kind === 6) await transact(chance);
    else if (kind === 7) await createOnce();
    else if (kind === 8) await ask(any, chance);
    else await askByGraphql(any);
  }
}

test(`a storm over all engines (CHAOS_SEED=${String(seed)})`, async () => {
  engines.faultOf = stormy;
  await Promise.all(Array.from({ length: 6 }, (_, worker) => work(worker, 30 * runs)));
  engines.faultOf = () => undefined;
  const told = [...engines.proxies].map(([name, { faults }]) => `${name} ${JSON.stringify(faults)}`);
  process.stdout.write(`CHAOS_SEED=${String(seed)} ${JSON.stringify(client.statuses)}\n${told.join('\n')}\n`);
  process.stdout.write(
    server
      .printed()
      .split('\n')
      .filter((line) => line.includes('"unexpected'))
      .join('\n'),
  );
  expect(client.wrong).toEqual([]);
});

test('afterwards each history is whole, and has what was answered to be written', async () => {
  for (const { id, known, tried } of patients) {
    const versions: Read[] = [];
    for (let path: string | undefined = `/r4/Patient/${id}/_history?_count=100`; path !== undefined;) {
      const bundle = read(await client.send([200], get(path))) as Read & { link?: { relation: string; url: string }[] };
      versions.push(...(bundle.entry ?? []).flatMap(({ resource }) => resource ?? []));
      const next = bundle.link?.find(({ relation }) => relation === 'next')?.url;
      path = next === undefined ? undefined : new URL(next).pathname + new URL(next).search;
    }
    expect(versions.map(({ meta }) => Number(meta.versionId))).toEqual(
      Array.from(versions, (_, at) => versions.length - at),
    );
    const texts = new Map(versions.map(({ meta, name }) => [Number(meta.versionId), name?.[0]?.text ?? '']));
    for (const [version, text] of known) expect([id, version, texts.get(version)]).toEqual([id, version, text]);
    for (const text of texts.values()) expect(tried).toContain(text);
    expect(new Set(texts.values()).size).toBe(texts.size); // nothing was written twice
  }
});

const countOf = async (search: string): Promise<number | undefined> =>
  read(await client.send([200], get(`/r4/${search}&_summary=count`))).total;

test('transactions are whole or not there', async () => {
  for (const [tag, { entries, done }] of transactions) {
    const allowed = done === undefined ? [0, entries] : [done ? entries : 0];
    let count: number | undefined;
    // One that was answered to be done may have been left to the stream, or to the sweep of each minute.
    for (let look = 0; look < 150; look += 1) {
      count = await countOf(`Basic?_tag=urn:chaos|${tag}`);
      if (count !== undefined && allowed.includes(count)) break;
      await pause(500);
    }
    expect([tag, allowed]).toEqual([tag, expect.arrayContaining([count])]);
  }
});

test('what was created conditionally is there once', async () => {
  for (const value of conditionals) {
    expect([value, await countOf(`Organization?identifier=urn:chaos|${value}`)]).toEqual([value, 1]);
  }
});

test('the index has what the store has', async () => {
  expect(await driftOf(engines.direct)).toEqual([]);
});
