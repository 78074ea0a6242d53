import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { generateBundle } from '../../bench/patients.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { isOnDynamoDb, startTestServer, type AnswerJson, type TestServer } from '../support/server.js';

// Whole records of patients, as Synthea writes them: hundreds of entries that point at each other.

interface Entry {
  readonly fullUrl: string;
  readonly resource: { readonly resourceType: string; readonly id?: string };
  readonly request: { readonly method: string; readonly url: string };
}
interface SentBundle {
  readonly type: string;
  readonly entry: readonly Entry[];
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Every reference in a text, as the client wrote it. */
const references = (text: string): string[] =>
  [...text.matchAll(/"reference":"([^"]*)"/g)].map(([, reference]) => reference ?? '');

async function load(version: FhirVersion, bundle: SentBundle): Promise<{ answer: AnswerJson }> {
  const { status, json } = await server.send('POST', `/${version}`, { body: bundle });
  expect(json.issue).toBeUndefined();
  expect(status).toBe(200);
  return { answer: json };
}

/** What is stored is what was sent, but for ids, meta and the links between entries. */
async function requireSame(version: FhirVersion, bundle: SentBundle, answer: AnswerJson): Promise<void> {
  const keys = answer.entry.map(({ response }) => (response?.location ?? '').replace(/\/_history\/.*/, ''));
  const byUrl = new Map(bundle.entry.map(({ fullUrl }, place) => [fullUrl, keys[place] ?? '']));
  for (const [place, { resource }] of bundle.entry.entries()) {
    const [type, id] = (keys[place] ?? '').split('/');
    expect(type).toBe(resource.resourceType);
    const { json } = await server.send('GET', `/${version}/${keys[place] ?? ''}`);
    const linked: unknown = JSON.parse(
      JSON.stringify(resource).replace(/"reference":"([^"]*)"/g, (whole, reference: string) => {
        const target = byUrl.get(reference);
        return target === undefined ? whole : `"reference":"${target}"`;
      }),
    );
    const { meta, ...content }: Record<string, unknown> = { ...(linked as object), id };
    expect(json).toEqual({ ...content, meta: { ...(meta as object | undefined), ...json.meta } });
  }
}

/** Beyond what one write of DynamoDB takes, and no more where each write takes its time. */
const entries = isOnDynamoDb ? { transaction: 160, batch: 120 } : { transaction: 700, batch: 1_200 };

test(`a transaction of ${String(entries.transaction)} entries is stored as it was sent and linked`, async () => {
  const bundle = generateBundle(1, entries.transaction) as SentBundle;
  const { answer } = await load('r4', bundle);
  expect(answer.entry.map(({ response }) => response?.status)).toEqual(bundle.entry.map(() => '201 Created'));
  await requireSame('r4', bundle, answer);
  const patient = answer.entry[0]?.response?.location?.replace('/_history/1', '') ?? '';
  const observations = bundle.entry.filter(({ resource }) => resource.resourceType === 'Observation');
  const found = await server.send('GET', `/r4/Observation?subject=${patient}&_count=1000`);
  expect(found.json.total).toBe(observations.length);
  for (const reference of references(found.text)) expect(reference).toMatch(/^(Patient|Encounter)\//);
});

// Nothing that depends on the version is left to the engines.
describe.each(isOnDynamoDb ? (['r4'] as const) : fhirVersions)('a patient as Synthea writes it, %s', (version) => {
  const bundle = JSON.parse(readFileSync(new URL(`../../demo/${version}.json`, import.meta.url), 'utf8')) as SentBundle;

  test('comes back as it was sent, and again as new versions when it is sent again', async () => {
    const first = await load(version, bundle);
    await requireSame(version, bundle, first.answer);
    const again = await load(version, bundle);
    expect(again.answer.entry.map(({ response }) => response?.status)).toEqual(bundle.entry.map(() => '200 OK'));
    expect(again.answer.entry.map(({ response }) => response?.etag)).toEqual(bundle.entry.map(() => 'W/"2"'));
  });

  test('as a batch, each entry is written for itself', async () => {
    const { answer } = await load(version, { ...bundle, type: 'batch' });
    expect(new Set(answer.entry.map(({ response }) => response?.status))).toEqual(new Set(['200 OK']));
    expect(answer.entry.map(({ response }) => response?.location?.replace(/\/_history\/.*/, ''))).toEqual(
      bundle.entry.map(({ request }) => request.url),
    );
  });
});

test(`a batch of ${String(entries.batch)} entries with ifNoneExist, sent twice, creates each resource once`, async () => {
  const entry = Array.from({ length: entries.batch }, (_, n) => {
    const resourceType = n % 2 === 0 ? 'Organization' : 'Practitioner';
    const identifier = [{ system: 'urn:hospital', value: String(n) }];
    return {
      resource: { resourceType, identifier, ...(n % 2 === 0 ? { name: 'Hospital' } : {}) },
      request: { method: 'POST', url: resourceType, ifNoneExist: `identifier=urn:hospital|${String(n)}` },
    };
  });
  const body = { resourceType: 'Bundle', type: 'batch', entry };
  const first = await server.send('POST', '/r4', { body });
  expect(new Set(first.json.entry.map(({ response }) => response?.status))).toEqual(new Set(['201 Created']));
  const second = await server.send('POST', '/r4', { body });
  expect(new Set(second.json.entry.map(({ response }) => response?.status))).toEqual(new Set(['200 OK']));
  const locations = (answer: AnswerJson) => answer.entry.map(({ response }) => response?.location);
  expect(locations(second.json)).toEqual(locations(first.json));
});
