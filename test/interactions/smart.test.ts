import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '../../auth/principal.js';
import { fhirVersions } from '../../fhir/version.js';
import { entriesOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

// Two patients, each with a laboratory value and a pulse; applications that may see a part of it.

const of = (scope: string, more: Partial<Principal> = {}): Principal => ({
  subject: scope,
  username: 'app',
  groups: [],
  scopes: scope.split(' '),
  clientId: 'app',
  ...more,
});
const p1 = { patient: 'Patient/p1' };
const lab = 'http://terminology.hl7.org/CodeSystem/observation-category%7Claboratory';
const principals = {
  writer: of('system/*.cruds', { isApplication: true }),
  all: of('patient/*.cruds', p1),
  labs: of('patient/Observation.cruds?category=laboratory', p1),
  'labs by system': of(`patient/Observation.rs?category=${lab}`, p1),
  'labs and pulse': of('patient/Observation.rs?category=laboratory patient/Observation.rs?code=pulse', p1),
  'read only': of('patient/Observation.r patient/Patient.r', p1),
  'search only': of('patient/Observation.s', p1),
  'update only': of('patient/Observation.u', p1),
  system: of('system/Observation.rs?category=laboratory', { isApplication: true }),
  'of a subject': of('system/Observation.rs?subject=Patient/p1', { isApplication: true }),
  'of a subject elsewhere': of('system/Observation.rs?subject=http://elsewhere.example/r4/Patient/p1', {
    isApplication: true,
  }),
  'page size': of('patient/Observation.rs?_count=5', p1),
  'no such parameter': of('patient/Observation.rs?colour=red', p1),
  chained: of('patient/Observation.rs?subject:Patient.gender=male', p1),
  'no value': of('patient/Observation.rs?category=', p1),
  'one understood': of('patient/Observation.rs?colour=red patient/Observation.rs?category=laboratory', p1),
} as const;
type Name = keyof typeof principals;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ authorization: 'smart', principals });
});
afterAll(() => server.close());

describe.each(fhirVersions)('by SMART scopes, %s,', (version) => {
  const system =
    version === 'r4'
      ? 'http://terminology.hl7.org/CodeSystem/observation-category'
      : 'http://hl7.org/fhir/observation-category';
  const observation = (id: string, patient: string, category: string, code: string) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    category: [{ coding: [{ system, code: category }] }],
    code: { coding: [{ code }] },
    subject: { reference: `Patient/${patient}` },
  });
  const send = (method: string, path: string, as: Name, body?: unknown): Promise<TestResponse> =>
    server.send(method, `/${version}/${path}`, { as, ...(body === undefined ? {} : { body }) });
  const status = async (method: string, path: string, as: Name, body?: unknown): Promise<number> =>
    (await send(method, path, as, body)).status;
  const patch = (path: string, as: Name): Promise<TestResponse> =>
    server.send('PATCH', `/${version}/${path}`, {
      as,
      headers: { 'content-type': 'application/json-patch+json' },
      body: JSON.stringify([{ op: 'replace', path: '/status', value: 'amended' }]),
    });
  const found = async (path: string, as: Name): Promise<(string | undefined)[]> => {
    const { status: answered, json } = await send('GET', path, as);
    expect([path, answered]).toEqual([path, 200]);
    return entriesOf(json)
      .map(({ resource }) => resource?.id)
      .sort();
  };

  beforeAll(async () => {
    for (const id of ['p1', 'p2']) {
      await send('PUT', `Patient/${id}`, 'writer', { resourceType: 'Patient', id, gender: 'male' });
      await send('PUT', `Observation/lab-${id}`, 'writer', observation(`lab-${id}`, id, 'laboratory', 'sodium'));
      await send('PUT', `Observation/pulse-${id}`, 'writer', observation(`pulse-${id}`, id, 'vital-signs', 'pulse'));
      await send('PUT', `Observation/survey-${id}`, 'writer', observation(`survey-${id}`, id, 'survey', 'mood'));
    }
    // Once a laboratory value by mistake.
    await send('PUT', 'Observation/was-lab', 'writer', observation('was-lab', 'p1', 'laboratory', 'x'));
    await send('PUT', 'Observation/was-lab', 'writer', observation('was-lab', 'p1', 'social-history', 'x'));
  });

  test('a search finds what the search of the scope and the compartment leave, and counts that', async () => {
    expect(await found('Observation', 'labs')).toEqual(['lab-p1']);
    expect(await found('Observation', 'labs and pulse')).toEqual(['lab-p1', 'pulse-p1']);
    expect(await found('Observation?code=pulse', 'labs and pulse')).toEqual(['pulse-p1']);
    expect(await found('Observation?category=survey', 'labs and pulse')).toEqual([]);
    expect(await found('Observation', 'all')).toEqual(['lab-p1', 'pulse-p1', 'survey-p1', 'was-lab']);
    expect(await found('Observation', 'system')).toEqual(['lab-p1', 'lab-p2']);
    expect(await found('Observation', 'labs by system')).toEqual(version === 'r4' ? ['lab-p1'] : []);
    for (const query of ['_summary=count', '_total=accurate&_count=1', '_sort=-_lastUpdated&_total=accurate']) {
      expect([query, (await send('GET', `Observation?${query}`, 'labs and pulse')).json.total]).toEqual([query, 2]);
    }
  });

  test('pages stay within the scope, and their links are good for it alone', async () => {
    const { json } = await send('GET', 'Observation?_count=1', 'labs and pulse');
    const next = json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    const page = await server.send('GET', next, { as: 'labs and pulse' });
    expect(entriesOf(page.json).length).toBe(1);
    expect(page.json.link.some(({ relation }) => relation === 'next')).toBe(false);
    for (const as of ['labs', 'all', 'system']) expect((await server.send('GET', next, { as })).status).toBe(400);
  });

  test('reads, versions and histories are of what the scope leaves, as it is now', async () => {
    for (const path of ['Observation/pulse-p1', 'Observation/lab-p2', 'Observation/was-lab', 'Observation/no']) {
      expect([path, await status('GET', path, 'labs')]).toEqual([path, 404]);
      expect([path, await status('GET', `${path}/_history`, 'labs')]).toEqual([path, 404]);
      expect([path, await status('GET', `${path}/_history/1`, 'labs')]).toEqual([path, 404]);
    }
    expect(await status('GET', 'Observation/lab-p1', 'labs')).toBe(200);
    expect(await status('GET', 'Observation/lab-p1/_history/1', 'labs')).toBe(200);
    expect(await found('Observation/_history', 'labs')).toEqual(['lab-p1']);
    expect(await found('_history', 'labs')).toEqual(['lab-p1']);
  });

  test('letters are told apart: who may read may not search, nor the other way round', async () => {
    expect(await status('GET', 'Observation/lab-p1', 'read only')).toBe(200);
    expect(await status('GET', 'Observation/lab-p1/_history', 'read only')).toBe(200);
    expect(await status('GET', 'Observation', 'read only')).toBe(403);
    expect(await status('GET', 'Observation/_history', 'read only')).toBe(403);
    expect(await status('GET', 'Observation/lab-p1', 'search only')).toBe(403);
    expect(await status('GET', 'Observation', 'search only')).toBe(200);
    expect(await status('GET', 'Observation/_history', 'search only')).toBe(200);
    expect(await status('POST', 'Observation', 'update only', observation('x', 'p1', 'survey', 'x'))).toBe(403);
    // An update that creates is one of the update's letter.
    const made = observation('made', 'p1', 'procedure', 'x');
    expect(await status('PUT', 'Observation/made', 'update only', made)).toBe(201);
    expect(await status('DELETE', 'Observation/made', 'update only')).toBe(403);
    // Who may change and not read is not shown the rest of what a patch changes.
    const patched = await patch('Observation/made', 'update only');
    expect([patched.status, patched.text, patched.headers.etag]).toEqual([200, '', 'W/"2"']);
    expect((await patch('Observation/made', 'all')).json).toMatchObject({ code: made.code, status: 'amended' });
    const request = { method: 'PATCH', url: 'Observation/made' };
    for (const type of version === 'r4' ? ['batch', 'transaction'] : []) {
      const part = [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Observation.status' },
        { name: 'value', valueCode: 'amended' },
      ];
      const parameter = [{ name: 'operation', part }];
      const entry = [{ resource: { resourceType: 'Parameters', parameter }, request }];
      const headers = { prefer: 'return=representation' };
      const body = { resourceType: 'Bundle', type, entry };
      const { json } = await server.send('POST', `/${version}`, { as: 'update only', headers, body });
      expect([json.entry[0]?.response?.status, json.entry[0]?.resource]).toEqual(['200 OK', undefined]);
    }
    expect(await status('DELETE', 'Observation/made', 'all')).toBe(204);
  });

  test('includes, chains and references lead to what other scopes open, and nowhere else', async () => {
    expect(await found('Observation?_include=Observation:subject', 'labs')).toEqual(['lab-p1']);
    expect(await found('Observation?code=sodium&_include=Observation:subject', 'all')).toEqual(['lab-p1', 'p1']);
    expect(await found('Patient?_revinclude=Observation:subject&_has:Observation:subject:code=mood', 'all')).toEqual([
      'lab-p1',
      'p1',
      'pulse-p1',
      'survey-p1',
      'was-lab',
    ]);
    expect(await status('GET', 'Observation?subject:Patient.gender=male', 'labs')).toBe(403);
    expect(await status('GET', 'Patient/p1', 'labs')).toBe(403);
  });

  test('a reference in a scope means the same whatever the client calls this server', async () => {
    const headers = { host: 'elsewhere.example' };
    const ids = async (as: Name): Promise<number> =>
      entriesOf((await server.send('GET', `/${version}/Observation`, { as, headers })).json).length;
    expect(await ids('of a subject')).toBeGreaterThan(0);
    expect(await ids('of a subject elsewhere')).toBe(0);
  });

  test.each(['page size', 'no such parameter', 'chained', 'no value'] as const)(
    'a scope with a search that cannot be decided opens nothing: %s',
    async (as) => {
      expect(await status('GET', 'Observation', as)).toBe(403);
      expect(await status('GET', 'Observation/lab-p1', as)).toBe(403);
    },
  );

  test('a scope that is not understood takes nothing from another one', async () => {
    expect(await found('Observation', 'one understood')).toEqual(['lab-p1']);
  });

  describe('a write', () => {
    const mine = observation('new', 'p1', 'laboratory', 'x');

    test('inside is done, and undone', async () => {
      expect(await status('PUT', 'Observation/new', 'labs', mine)).toBe(201);
      expect(await status('PUT', 'Observation/new', 'labs', mine)).toBe(200);
      expect(await status('DELETE', 'Observation/new', 'labs')).toBe(204);
      expect(await status('GET', 'Observation/new', 'labs')).toBe(404);
    });

    test.each([
      [
        'of another category than the scope names',
        'PUT',
        'Observation/x',
        'labs',
        observation('x', 'p1', 'survey', 'x'),
      ],
      ['that leaves the category', 'PUT', 'Observation/lab-p1', 'labs', observation('lab-p1', 'p1', 'survey', 'x')],
      ['of what has another category', 'PUT', 'Observation/pulse-p1', 'labs', { ...mine, id: 'pulse-p1' }],
      ['that deletes what has another category', 'DELETE', 'Observation/pulse-p1', 'labs', undefined],
      ['about another patient', 'POST', 'Observation', 'all', observation('x', 'p2', 'survey', 'x')],
      ['of what is another patient’s', 'PUT', 'Observation/lab-p2', 'all', { ...mine, id: 'lab-p2' }],
      ['that hands over', 'PUT', 'Observation/lab-p1', 'all', observation('lab-p1', 'p2', 'survey', 'x')],
      [
        'into another record, with the own patient beside it',
        'POST',
        'Observation',
        'all',
        { ...observation('x', 'p2', 'survey', 'x'), performer: [{ reference: 'Patient/p1' }] },
      ],
      [
        'into another record, by a URL that may be one of this server under another name',
        'POST',
        'Observation',
        'all',
        {
          ...observation('x', 'p1', 'survey', 'x'),
          subject: { reference: 'https://elsewhere.example.org/r4/Patient/p2' },
          performer: [{ reference: 'Patient/p1' }],
        },
      ],
      ['of another patient', 'PUT', 'Patient/p2', 'all', { resourceType: 'Patient', id: 'p2' }],
      ['of a new patient', 'POST', 'Patient', 'all', { resourceType: 'Patient' }],
      ['that deletes what is another patient’s', 'DELETE', 'Observation/lab-p2', 'all', undefined],
      ['in no compartment', 'POST', 'Organization', 'all', { resourceType: 'Organization', name: 'x' }],
    ] as const)('%s is refused, alone, in a batch and in a transaction', async (_, method, path, as, body) => {
      const before = await send('GET', '_history?_count=1000', 'writer');
      expect(await status(method, path, as, body)).toBe(403);
      const entry = [{ ...(body === undefined ? {} : { resource: body }), request: { method, url: path } }];
      const batch = await send('POST', '', as, { resourceType: 'Bundle', type: 'batch', entry });
      expect(batch.json.entry[0]?.response?.status).toBe('403 Forbidden');
      const whole = await send('POST', '', as, { resourceType: 'Bundle', type: 'transaction', entry });
      expect(whole.status).toBe(403);
      expect((await send('GET', '_history?_count=1000', 'writer')).json.total).toBe(before.json.total);
    });

    test('by criteria meets only what the scope leaves: what is another patient’s is not stolen', async () => {
      const moved = { ...observation('x', 'p1', 'laboratory', 'moved'), id: undefined };
      // Nothing of p1's matches, so one is made; p2's stays.
      const made = await send('PUT', 'Observation?_id=lab-p2', 'all', moved);
      expect(made.status).toBe(201);
      expect((await send('GET', 'Observation/lab-p2', 'writer')).json.subject.reference).toBe('Patient/p2');
      expect(await status('DELETE', 'Observation?_id=lab-p2', 'all')).toBe(204);
      expect(await status('GET', 'Observation/lab-p2', 'writer')).toBe(200);
      expect(await status('DELETE', `Observation/${made.json.id}`, 'all')).toBe(204);
    });
  });
});
