import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byRoles } from '../../auth/roles.js';
import { type RoleRules, roleRules } from '../../auth/rules.js';
import { readMany } from '../../interactions/read.js';
import { callerOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

// Two patients, p1 and p2, who each see their own compartment; o1 is of p1, o2 of p2.

let server: TestServer;
const get = (path: string, as: string): Promise<TestResponse> => server.send('GET', `/r4/${path}`, { as });
const put = (
  resource: { resourceType: string; id: string; [element: string]: unknown },
  as = 'practitioner',
): Promise<TestResponse> => server.send('PUT', `/r4/${resource.resourceType}/${resource.id}`, { body: resource, as });
const observation = (id: string, patient: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'x' },
  subject: { reference: `Patient/${patient}` },
});

beforeAll(async () => {
  server = await startTestServer();
  for (const id of ['p1', 'p2']) await put({ resourceType: 'Patient', id });
  await put(observation('o1', 'p1'));
  await put(observation('o2', 'p2'));
  // Recorded for p1 by mistake, corrected to p2.
  await put(observation('corrected', 'p1'));
  await put(observation('corrected', 'p2'));
  await put(observation('deleted', 'p2'));
  await server.send('DELETE', '/r4/Observation/deleted');
});
afterAll(() => server.close());

/** Other role rules for the servers under test. */
function authorizeBy(rules: RoleRules): void {
  Object.assign(server.servers.r4, { authorizer: byRoles(rules) });
}

describe('a patient', () => {
  test.each(['Patient/p1', 'Observation/o1', 'Observation/o1/_history/1', 'Observation/o1/_history'])(
    'sees %s of the own compartment',
    async (path) => {
      expect((await get(path, 'patient-1')).status).toBe(200);
    },
  );

  test.each([
    'Patient/p2',
    'Patient/p2/_history',
    'Observation/o2',
    'Observation/o2/_history',
    'Observation/o2/_history/1',
    'Observation/deleted',
    'Observation/deleted/_history',
    'Observation/deleted/_history/1',
  ])('is told of %s what would be told if it did not exist', async (path) => {
    const foreign = await get(path, 'patient-1');
    const unknown = await get(path.replace(/p2|o2|deleted/, 'unknown'), 'patient-1');
    expect(foreign.status).toBe(404);
    expect(foreign.text.replace(/p2|o2|deleted/, 'unknown')).toBe(unknown.text);
  });

  test('does not see what was recorded for them by mistake, nor its past', async () => {
    expect((await get('Observation/corrected', 'patient-1')).status).toBe(404);
    expect((await get('Observation/corrected/_history/1', 'patient-1')).status).toBe(404);
    expect((await get('Observation/corrected/_history', 'patient-1')).status).toBe(404);
  });

  test('sees of a corrected resource the versions of the own compartment only', async () => {
    const { json } = await get('Observation/corrected/_history', 'patient-2');
    expect(json.entry.map(({ resource }) => resource?.meta.versionId)).toEqual(['2']);
    expect(json.total).toBe(1);
    expect((await get('Observation/corrected/_history/1', 'patient-2')).status).toBe(404);
  });

  test('learns that an own resource was deleted', async () => {
    expect((await get('Observation/deleted', 'patient-2')).status).toBe(410);
  });

  test('finds the own resources only', async () => {
    const { json } = await get('Observation', 'patient-1');
    expect([json.total, json.entry.map(({ resource }) => resource?.id)]).toEqual([1, ['o1']]);
    expect((await get('Observation?subject=Patient/p2', 'patient-1')).json.total).toBe(0);
  });

  test('is shown by includes what may be read singly, and nothing else', async () => {
    await put({ resourceType: 'Organization', id: 'org', name: 'Clinic' });
    for (const id of ['p1', 'p2'])
      await put({ resourceType: 'Patient', id, managingOrganization: { reference: 'Organization/org' } });
    // In both compartments: p2 performed it.
    await put({ ...observation('both', 'p1'), performer: [{ reference: 'Patient/p2' }] });
    const found = async (query: string, as: string): Promise<string[]> => {
      const { status, json } = await get(query, as);
      expect(status).toBe(200);
      return json.entry.map(({ resource }) => `${resource?.resourceType ?? ''}/${resource?.id ?? ''}`).sort();
    };
    const forwards = 'Observation?_id=both&_include=Observation:subject&_include=Observation:performer';
    expect(await found(forwards, 'practitioner')).toEqual(['Observation/both', 'Patient/p1', 'Patient/p2']);
    expect(await found(forwards, 'patient-1')).toEqual(['Observation/both', 'Patient/p1']);
    expect(await found(forwards, 'patient-2')).toEqual(['Observation/both', 'Patient/p2']);
    const backwards = 'Organization?_id=org&_revinclude=Patient:organization';
    expect(await found(backwards, 'practitioner')).toEqual(['Organization/org', 'Patient/p1', 'Patient/p2']);
    expect(await found(backwards, 'patient-1')).toEqual(['Organization/org', 'Patient/p1']);
    const around = `${backwards}&_revinclude:iterate=Observation:subject&_include:iterate=Observation:performer`;
    expect(await found(around, 'patient-2')).not.toContain('Patient/p1');
    const bundle = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: backwards } }] };
    const { json } = await server.send('POST', '/r4', { body: bundle, as: 'patient-1' });
    expect(json.entry[0]?.resource?.entry.map(({ resource }) => resource?.id)).toEqual(['org', 'p1']);
    await server.send('DELETE', '/r4/Observation/both');
  });

  test('finds nothing by criteria about others, by whatever parameter', async () => {
    const queries = [
      'Observation?_id=o2',
      'Observation?patient=p2&_id=o2',
      'Observation?patient:missing=false&_id=o2',
      'Observation?code:not=y&_id=o2',
      'Observation?_lastUpdated=ge2000-01-01&_id=o2',
      'Patient?_id=p2&_total=accurate',
      'Patient?_id=p2&_summary=count',
    ];
    for (const query of queries) {
      expect([query, (await get(query, 'practitioner')).json.total]).toEqual([query, 1]);
      expect([query, (await get(query, 'patient-1')).json.total]).toEqual([query, 0]);
    }
  });

  test('reads by batch what single reads give, entry by entry', async () => {
    const entry = ['Observation/o1', 'Observation/o2', 'Observation?subject=Patient/p2'].map((url) => ({
      request: { method: 'GET', url },
    }));
    const body = { resourceType: 'Bundle', type: 'batch', entry };
    const { json } = await server.send('POST', '/r4', { body, as: 'patient-1' });
    expect(json.entry.map(({ response }) => response?.status)).toEqual(['200 OK', '404 Not Found', '200 OK']);
    expect(json.entry[2]?.resource?.total).toBe(0);
  });

  test('writes nothing by the rules of a fresh deployment, nor by a batch', async () => {
    expect((await put(observation('o1', 'p1'), 'patient-1')).status).toBe(403);
    const entry = [{ resource: observation('o1', 'p1'), request: { method: 'PUT', url: 'Observation/o1' } }];
    const body = { resourceType: 'Bundle', type: 'batch', entry };
    const { json } = await server.send('POST', '/r4', { body, as: 'patient-1' });
    expect(json.entry[0]?.response?.status).toBe('403 Forbidden');
    expect((await get('Observation/o1', 'patient-1')).json.meta.versionId).toBe('1');
  });
});

describe('a page link', () => {
  test('is of no use to anyone else', async () => {
    for (const id of ['x1', 'x2', 'x3']) await put(observation(id, 'p1'));
    const { json } = await get('Observation?_count=1', 'patient-1');
    const next = json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    expect((await server.send('GET', next, { as: 'patient-1' })).status).toBe(200);
    for (const as of ['patient-2', 'practitioner']) {
      const foreign = await server.send('GET', next, { as });
      expect([foreign.status, foreign.json.resourceType]).toEqual([400, 'OperationOutcome']);
    }
  });
});

describe('writes limited to compartments', () => {
  const writing = {
    group: 'patient',
    interactions: ['create', 'update', 'delete', 'transaction'] as const,
    types: ['*'],
    reach: 'compartment' as const,
  };
  beforeAll(() => {
    authorizeBy([...roleRules, writing]);
  });
  afterAll(() => {
    authorizeBy(roleRules);
  });

  test('are done inside', async () => {
    expect((await put(observation('w1', 'p1'), 'patient-1')).status).toBe(201);
    expect((await put(observation('w1', 'p1'), 'patient-1')).status).toBe(200);
    expect((await server.send('DELETE', '/r4/Observation/w1', { as: 'patient-1' })).status).toBe(204);
  });

  test.each([
    ['creating for another patient', 'POST', 'Observation', observation('x', 'p2')],
    ['updating what is of another patient', 'PUT', 'Observation/o2', observation('o2', 'p1')],
    ['handing over to another patient', 'PUT', 'Observation/o1', observation('o1', 'p2')],
    ['deleting what is of another patient', 'DELETE', 'Observation/o2', undefined],
    ['deleting what does not exist', 'DELETE', 'Observation/unknown', undefined],
    ['creating outside of any compartment', 'POST', 'Organization', { resourceType: 'Organization', name: 'x' }],
  ])('are refused outside: %s', async (_, method, path, body) => {
    const single = await server.send(method, `/r4/${path}`, { body, as: 'patient-1' });
    expect(single.status).toBe(403);
    const entry = [{ ...(body === undefined ? {} : { resource: body }), request: { method, url: path } }];
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
    const whole = await server.send('POST', '/r4', { body: bundle, as: 'patient-1' });
    expect([whole.status, whole.json.issue[0].expression]).toEqual([403, ['Bundle.entry[0]']]);
    expect((await get('Observation/o1', 'practitioner')).json.subject.reference).toBe('Patient/p1');
    expect((await get('Observation/o2', 'practitioner')).json.meta.versionId).toBe('1');
  });
});

describe('a role that may post transactions', () => {
  beforeAll(() => {
    const interactions = ['transaction', 'create', 'update', 'delete'] as const;
    authorizeBy([...roleRules, { group: 'auditor', interactions, types: ['Patient'], reach: 'everything' }]);
  });
  afterAll(() => {
    authorizeBy(roleRules);
  });

  const allowed = { resource: { resourceType: 'Patient', active: true }, request: { method: 'POST', url: 'Patient' } };
  const patients = async (): Promise<number> => (await get('Patient?_summary=count', 'practitioner')).json.total;

  test('is held to its types in every entry', async () => {
    const forbidden = [
      { resource: { resourceType: 'Organization', name: 'x' }, request: { method: 'POST', url: 'Organization' } },
      { resource: observation('o1', 'p2'), request: { method: 'PUT', url: 'Observation/o1' } },
      { resource: observation('new', 'p2'), request: { method: 'PUT', url: 'Observation/new' } },
      { request: { method: 'DELETE', url: 'Observation/o1' } },
      { request: { method: 'GET', url: 'Observation/o1' } },
      { request: { method: 'GET', url: 'Observation/o1/_history/1' } },
      { request: { method: 'GET', url: 'Observation/o1/_history' } },
      { request: { method: 'GET', url: 'Observation?subject=Patient/p1' } },
    ];
    const before = await patients();
    for (const entry of forbidden) {
      const body = { resourceType: 'Bundle', type: 'transaction', entry: [allowed, entry] };
      const { status, json } = await server.send('POST', '/r4', { body, as: 'auditor' });
      expect([entry.request, status, json.issue[0].expression]).toEqual([entry.request, 403, ['Bundle.entry[1]']]);
    }
    expect(await patients()).toBe(before);
    expect((await get('Observation/o1', 'practitioner')).json.meta.versionId).toBe('1');
  });

  test('does not learn by criteria what it may not search', async () => {
    const resource = { ...allowed.resource, generalPractitioner: [{ reference: 'Organization?name=x' }] };
    const body = { resourceType: 'Bundle', type: 'transaction', entry: [{ ...allowed, resource }] };
    const { status, json } = await server.send('POST', '/r4', { body, as: 'auditor' });
    expect([status, json.issue[0].expression]).toEqual([
      403,
      ['Bundle.entry[0].resource.generalPractitioner[0].reference'],
    ]);
  });

  test('writes what it may', async () => {
    const before = await patients();
    const body = { resourceType: 'Bundle', type: 'transaction', entry: [allowed] };
    expect((await server.send('POST', '/r4', { body, as: 'auditor' })).status).toBe(200);
    expect(await patients()).toBe(before + 1);
  });
});

test('readMany gives what may be seen, in order, and does not tell the rest apart', async () => {
  const keys = [
    'Observation/o1',
    'Observation/o2',
    'Observation/deleted',
    'Nonsense/1',
    'Patient/p1',
    'Observation/o1',
  ];
  const versions = await readMany(
    server.servers.r4,
    callerOf('patient-1'),
    keys.map((text) => ({ type: text.split('/')[0] ?? '', id: text.split('/')[1] ?? '' })),
  );
  expect(versions.map((version) => version && `${version.type}/${version.id}`)).toEqual([
    'Observation/o1',
    undefined,
    undefined,
    undefined,
    'Patient/p1',
    'Observation/o1',
  ]);
});
