import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { fhirVersions } from '../../fhir/version.js';
import { costlyRequest, costlyResources } from './support/costly-requests.js';
import { graphqlRequest, type Schemas, schemasOf } from './support/graphql-requests.js';
import { binaryRequest, fileRequest, jobRequest, signInRequest } from './support/other-requests.js';
import { conversation, converse } from './support/realtime-frames.js';
import { rawRequest, restRequest } from './support/rest-requests.js';
import { type Chance, chanceOf, runs, seed } from './support/seed.js';
import { type ServerProcess, startServerProcess } from './support/server-process.js';
import { type Attempt, rawAttempt, storm } from './support/storm.js';

// Whatever is sent to the built server, it answers, and nothing fails but the request.

/** How much a request may take, far more than any does: milliseconds of processor time, and bytes of memory, of all together. */
const most = { cpu: 5_000, rss: 1_500 * 2 ** 20 };

let server: ServerProcess;
let token: string;
let schemas: Schemas;
let definitions: Parameters<typeof restRequest>[1];
let signed: readonly string[];
beforeAll(async () => {
  server = await startServerProcess({ IMPORT_SOURCES: 'file:///nowhere/' });
  token = server.token('practitioner');
  definitions = { r4: await loadDefinitions('r4'), stu3: await loadDefinitions('stu3') };
  const schema = (version: string): string => readFileSync(`schema/${version}/schema.graphql`, 'utf8');
  schemas = schemasOf({ r4: schema('r4'), stu3: schema('stu3') });
  signed = await signedUrls();
});
afterAll(() => server.close());

const put = (target: string, body: object): Buffer =>
  rawRequest({
    method: target.endsWith('Binary') ? 'POST' : 'PUT',
    target,
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'application/fhir+json'],
    ],
    body: Buffer.from(JSON.stringify(body)),
  });

/** URLs of contents to put and to get, as targets; and what else requests lead to. */
async function signedUrls(): Promise<string[]> {
  const patient: Readonly<Record<string, unknown>> = {
    resourceType: 'Patient',
    id: 'p1',
    name: [{ family: 'A', given: ['B'] }],
    birthDate: '1970-01-01',
  };
  const observation: Readonly<Record<string, unknown>> = {
    resourceType: 'Observation',
    id: 'x',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: 'Patient/p1' },
  };
  for (const version of fhirVersions) {
    for (const each of [patient, observation, ...costlyResources(version)]) {
      const { status, body } = await server.send(
        put(`/${version}/${String(each['resourceType'])}/${String(each['id'])}`, each),
      );
      if (status > 201) throw new Error(body.toString());
    }
  }
  const { body } = await server.send(put('/r4/Binary', { resourceType: 'Binary', contentType: 'text/plain' }));
  const { presignedPutUrl = '' } = JSON.parse(body.toString('utf8')) as { presignedPutUrl?: string };
  return [presignedPutUrl.replace(/^https?:\/\/[^/]+/, '')];
}

const realtimeAttempt = (chance: Chance): Attempt => {
  const talk = conversation(chance, schemas, token);
  return {
    told: `${talk.path.slice(0, 200)} ${talk.protocols.join(',').slice(0, 100)} ${talk.frames
      .map((frame) => frame.toString('utf8').slice(0, 200))
      .join(' | ')
      .slice(0, 1_000)}`,
    async run({ port }) {
      const heard = await converse(port, talk);
      const failed = heard.find(
        (frame) => frame.includes('"errorType":"InternalFailure"') || /^error .*(?:50\d|hang up)/.test(frame),
      );
      const last = /"type":"(\w+)"/.exec(heard.at(-1) ?? '')?.[1] ?? heard.at(-1) ?? 'nothing';
      return { kind: last.slice(0, 60), wrong: failed?.slice(0, 300) };
    },
  };
};

/** How many requests of each face are made when CHAOS_RUNS is 1, and one of them. */
const faces: Readonly<Record<string, readonly [count: number, attempt: (chance: Chance) => Attempt]>> = {
  REST: [300, (chance) => rawAttempt(restRequest(chance, definitions, token))],
  'what is short and takes long': [25, (chance) => rawAttempt(costlyRequest(chance, token))],
  $graphql: [100, (chance) => rawAttempt(graphqlRequest(chance, schemas, { face: 'operation', token }))],
  'the AppSync API': [100, (chance) => rawAttempt(graphqlRequest(chance, schemas, { face: 'appsync', token }))],
  'the WebSocket': [50, realtimeAttempt],
  'the sign-in': [100, (chance) => rawAttempt(signInRequest(chance))],
  'bulk data': [100, (chance) => rawAttempt(jobRequest(chance, token))],
  'Binaries and their signed URLs': [100, (chance) => rawAttempt(binaryRequest(chance, token, signed))],
  'the console’s files': [100, (chance) => rawAttempt(fileRequest(chance))],
};

test.each(Object.keys(faces))(`requests of %s made of anything (CHAOS_SEED=${String(seed)})`, async (name) => {
  const [count, attempt] = faces[name] ?? [0, realtimeAttempt];
  function* attempts(): Generator<Attempt> {
    for (let at = 0; at < count * runs; at += 1) yield attempt(chanceOf(name, at));
  }
  const found = await storm(server, attempts());
  const slowest = found.slowest.slice(0, 3).map(({ cpu, request }) => `${cpu.toFixed(0)} ms ${request.slice(0, 160)}`);
  const megabytes = (found.rss / 2 ** 20).toFixed(0);
  process.stdout.write(
    `${name}: CHAOS_SEED=${String(seed)} ${JSON.stringify(found.statuses)} ${megabytes} MB\n${slowest.join('\n')}\n`,
  );
  expect(found.failures).toEqual([]);
  expect(server.printed()).not.toContain('"level":50');
  expect(server.printed()).not.toContain(token.slice(-40));
  expect(found.slowest.filter(({ cpu }) => cpu > most.cpu)).toEqual([]);
  expect(found.rss).toBeLessThan(most.rss);
});

describe('searches that would hold everybody up', () => {
  const numbers = (count: number): string => Array.from({ length: count }, (_, at) => String(at)).join(',');
  test.each([
    ['values looked up in all types', '', `_id=${numbers(50_000)}`, 413],
    ['values looked up in all types that a link leads to', '/Observation', `focus._id=${numbers(20_000)}`, 413],
    ['roots of a hierarchy', '/Location', `partof:below=${numbers(20_000)}`, 200],
    ['a URL above which there may be very much', '/ValueSet', `url:above=${'a/'.repeat(500_000)}`, 413],
    ['a long URL above which there may be much', '/ValueSet', `url:above=${'a/'.repeat(45_000)}`, 200],
  ])('%s', async (_, path, form, status) => {
    const answer = await server.send(
      rawRequest({
        method: 'POST',
        target: `/r4${path}/_search`,
        headers: [
          ['Authorization', `Bearer ${token}`],
          ['Content-Type', 'application/x-www-form-urlencoded'],
        ],
        body: Buffer.from(form),
      }),
    );
    expect(answer.status).toBe(status);
  });
});

describe('bodies that would hold everybody up', () => {
  const size = 48 * 2 ** 20;
  const full = (unit: string, open: string, close: string): string =>
    open + unit.repeat(Math.floor(size / unit.length)) + close;
  const asMany = (open: string, close: string): string => `${open}${'{},'.repeat(1_900_000)}{}${close}`;
  const numbers = `[${'0,'.repeat(3_900_000)}0]`;
  const names = (count: number): string => Array.from({ length: count }, (_, at) => `,"a${String(at)}":0`).join('');
  const fhir = 'application/fhir+json';
  const form = 'application/x-www-form-urlencoded';
  test.each<[string, string, string, () => string, number]>([
    ['empty objects', 'POST /r4/Patient', fhir, () => full('{},', '{"resourceType":"Patient","name":[', '{}]}'), 413],
    ['members', 'POST /r4/Patient', fhir, () => `{"resourceType":"Patient"${names(1_000_000)}}`, 413],
    [
      'as many entries as are read',
      'POST /r4',
      fhir,
      () => asMany('{"resourceType":"Bundle","type":"batch","entry":[', ']}'),
      413,
    ],
    [
      'as many values as are read',
      'POST /r4/Patient',
      fhir,
      () => asMany('{"resourceType":"Patient","name":[', ']}'),
      422,
    ],
    [
      'as many operations as are read',
      'PATCH /r4/Patient/p1',
      'application/json-patch+json',
      () => asMany('[', ']'),
      413,
    ],
    [
      'a number',
      'POST /r4/Observation',
      fhir,
      () => full('9', '{"resourceType":"Observation","valueQuantity":{"value":0.', '}}'),
      422,
    ],
    ['parameters of a form', 'POST /r4/Patient/_search', form, () => full('a&', '', 'a'), 413],
    ['values of a parameter', 'POST /r4/Patient/_search', form, () => full(',', 'name=', ''), 413],
    ['JSON that is a Binary’s content', 'POST /r4/Binary', 'application/json', () => full('{},', '[', '{}]'), 201],
    [
      'variables',
      'POST /r4/graphql',
      'application/json',
      () => `{"query":"{ __typename }","variables":{"a":${numbers}}}`,
      200,
    ],
    [
      'variables of $graphql',
      'POST /r4/$graphql',
      'application/json',
      () => `{"query":"query($a: [Int]) { __typename }","variables":{"a":${numbers}}}`,
      200,
    ],
    ['a form of the sign-in', 'POST /sign-in/oauth2/token', form, () => full('a&', '', 'a'), 400],
  ])('%s', async (_, line, media, body, status) => {
    const [method = '', target = ''] = line.split(' ');
    const { cpu: before } = await server.condition();
    const headers = [['Authorization', `Bearer ${token}`] as const, ['Content-Type', media] as const];
    const answer = await server
      .send(rawRequest({ method, target, headers, body: Buffer.from(body()) }))
      .catch((error: unknown) => {
        // Who is still sending when the sign-in closes the connection may not get to read its answer.
        if (!target.startsWith('/sign-in/') || !/EPIPE|ECONNRESET/.test(String(error))) throw error;
        return { status, body: Buffer.from('closed') };
      });
    expect([answer.status, answer.body.toString('utf8').slice(0, 300)]).toEqual([status, expect.anything()]);
    const { cpu } = await server.condition();
    expect(cpu - before).toBeLessThan(most.cpu);
  });
});
