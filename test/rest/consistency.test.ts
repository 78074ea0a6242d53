import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained } from '../../search/request.js';
import { lagging, type LaggingServer } from '../support/lagging.js';
import {
  type AnswerJson,
  startTestServer,
  type TestRequest,
  type TestResponse,
  type TestServer,
} from '../support/server.js';

const versions = new Map<FhirVersion, LaggingServer>();
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    wrap: (embedded) => {
      const lag = lagging(embedded);
      versions.set(embedded.definitions.version, lag);
      return lag.server;
    },
  });
});
afterAll(async () => {
  await server.close();
  for (const lag of versions.values()) await lag.close();
});

const observation = (id: string, patient: string, code = 'a') => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code }] },
  subject: { reference: `Patient/${patient}` },
});
const ids = ({ json }: TestResponse): string[] =>
  ((json.entry as AnswerJson['entry'] | undefined) ?? []).map(({ resource }) => resource?.id ?? ''); // none when empty

describe.each(fhirVersions)('%s, while the index lags behind the store', (version) => {
  const lag = (): LaggingServer => {
    const found = versions.get(version);
    if (found === undefined) throw new Error('not started');
    return found;
  };
  const send = (method: string, path: string, request?: TestRequest): Promise<TestResponse> =>
    server.send(method, `/${version}/${path}`, request);
  const put = (resource: { resourceType: string; id: string }, headers: Record<string, string> = {}) =>
    send('PUT', `${resource.resourceType}/${resource.id}`, { body: resource, headers });
  beforeEach(async () => {
    lag().failing = false;
    await Promise.all(['p1', 'p2'].map((id) => put({ resourceType: 'Patient', id })));
    await lag().catchUp();
  });

  test('what was moved from one patient to another is not shown to the first, by search nor by include', async () => {
    await put(observation('moved', 'p1', 'moving'));
    await lag().catchUp();
    const asFirst = { as: 'patient-1' };
    expect(ids(await send('GET', 'Observation?code=moving', asFirst))).toEqual(['moved']);
    await put(observation('moved', 'p2', 'moving'));

    expect(ids(await send('GET', 'Observation?code=moving', asFirst))).toEqual([]);
    expect(ids(await send('GET', 'Observation?_id=moved', asFirst))).toEqual([]);
    expect(ids(await send('GET', 'Patient?_id=p1&_revinclude=Observation:subject', asFirst))).not.toContain('moved');
    expect(ids(await send('GET', 'Observation?subject=Patient/p1&code=moving'))).toEqual([]);

    await lag().catchUp();
    expect(ids(await send('GET', 'Observation?code=moving', { as: 'patient-2' }))).toEqual(['moved']);
  });

  test('what no longer matches, or is deleted, is dropped, and the page is filled up with what does', async () => {
    const all = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6'];
    for (const id of all) await put(observation(id, 'p1', 'filled'));
    await lag().catchUp();
    await put(observation('f1', 'p1', 'other'));
    await send('DELETE', 'Observation/f2');
    await put(observation('f4', 'p1', 'other'));

    const first = await send('GET', 'Observation?code=filled&_sort=_id&_count=2');
    expect(ids(first)).toEqual(['f3', 'f5']);
    const next = first.json.link.find(({ relation }) => relation === 'next');
    expect(ids(await server.send('GET', next?.url ?? ''))).toEqual(['f6']);
  });

  test('a write is found once the stream has brought it, and at once when strong consistency was asked for', async () => {
    const eventual = await put(observation('e1', 'p1', 'seen'));
    expect(eventual.headers['x-consistency']).toBeUndefined();
    expect(ids(await send('GET', 'Observation?code=seen'))).toEqual([]);

    const strong = await put(observation('s1', 'p1', 'seen'), { 'X-Consistency': 'strong' });
    expect(strong.headers['x-consistency']).toBe('strong');
    expect(ids(await send('GET', 'Observation?code=seen'))).toEqual(['s1']);
    await send('DELETE', 'Observation/s1', { headers: { 'X-Consistency': 'strong' } });
    expect(await lag().server.index.count(counted('Observation?code=seen'))).toBe(0);

    await lag().catchUp();
    expect(ids(await send('GET', 'Observation?code=seen'))).toEqual(['e1']);
  });

  test('a strongly consistent transaction is found when it is answered, by its own searches as well', async () => {
    const headers = { 'X-Consistency': 'strong' };
    const entry = [
      { resource: observation('', 'p1', 'bundled'), request: { method: 'POST', url: 'Observation' } },
      { resource: observation('b2', 'p1', 'bundled'), request: { method: 'PUT', url: 'Observation/b2' } },
      { request: { method: 'GET', url: 'Observation?code=bundled' } },
    ];
    const { status, json } = await send('POST', '', { headers, body: bundle('transaction', entry) });
    expect(status).toBe(200);
    expect(json.entry[2]?.resource?.entry).toHaveLength(2);
    await send('POST', '', { headers, body: bundle('batch', entry.slice(0, 1)) });
    expect(ids(await send('GET', 'Observation?code=bundled'))).toHaveLength(3);
  });

  test('a write stands when the index cannot be reached, and the answer says that searches may see it later', async () => {
    lag().failing = true;
    const logged = server.logged.length;
    const answer = await put(observation('late', 'p1', 'late'), { 'X-Consistency': 'strong' });
    expect(answer.status).toBe(201);
    expect(answer.headers['x-consistency']).toBe('eventual');
    expect(server.logged.slice(logged).map(({ message }) => message)).toEqual([
      'searches may see a write later than was asked for',
    ]);
    await lag().catchUp();
    expect(ids(await send('GET', 'Observation?code=late'))).toEqual(['late']);
  });

  test('another consistency is refused by name, before anything is written', async () => {
    const answer = await put(observation('none', 'p1'), { 'X-Consistency': 'immediate' });
    expect(answer.status).toBe(400);
    expect(answer.json.issue[0].expression).toEqual(['http.X-Consistency']);
    expect((await send('GET', 'Observation/none')).status).toBe(404);
  });

  test('equal conditional creates make one resource, one after the other and fifty at once', async () => {
    const create = (value: string) =>
      send('POST', 'Patient', {
        headers: { 'If-None-Exist': `identifier=http://a.org|${value}` },
        body: { resourceType: 'Patient', identifier: [{ system: 'http://a.org', value }] },
      });
    const first = await create('one');
    const second = await create('one');
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.json.id).toBe(first.json.id);
    const many = await Promise.all(Array.from({ length: 50 }, () => create('many')));
    expect(many.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(many.map(({ json }) => json.id)).size).toBe(1);

    // Once it is changed and matches no more, the criteria may create again.
    await put({ resourceType: 'Patient', id: first.json.id });
    expect((await create('one')).status).toBe(201);
  });

  test('equal conditional updates make one resource and update it', async () => {
    const update = () =>
      send('PUT', 'Patient?identifier=http://a.org|upserted', {
        body: { resourceType: 'Patient', identifier: [{ system: 'http://a.org', value: 'upserted' }] },
      });
    const answers = await Promise.all(Array.from({ length: 10 }, update));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    expect((await update()).json.meta.versionId).toBe('11');
  });

  const bundle = (type: string, entry: readonly unknown[]): unknown => ({ resourceType: 'Bundle', type, entry });

  /** The index's own count, whatever the store says. */
  function counted(query: string) {
    const [type = '', parameters = ''] = query.split('?');
    const options = { handling: 'strict', defaultCount: 20, maxCount: 100, now: 0 } as const;
    const request = requireUnchained(
      parseSearch(lag().server.definitions, type, [...new URLSearchParams(parameters)], options),
    );
    return { request, access: { kind: 'everything' }, atMost: 100 } as const;
  }
});
