import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type AnswerJson, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Json = Record<string, unknown>;
const reference = (text: string): Json => ({ reference: text });
const named = ({ entry = [] }: Partial<AnswerJson>, mode?: string): string[] =>
  entry
    .filter((each) => mode === undefined || each.search?.mode === mode)
    .map(({ resource }) => `${resource?.resourceType ?? ''}/${resource?.id ?? ''}`)
    .sort();

// p1's record: an encounter at a clinic with its observations, a prescription; p2 is somebody else, as p1's contact too.
const record = (isR4: boolean): readonly Json[] => [
  { resourceType: 'Organization', id: 'hospital', name: 'Hospital' },
  { resourceType: 'Organization', id: 'ward', name: 'Ward', partOf: reference('Organization/hospital') },
  { resourceType: 'Organization', id: 'unrelated', name: 'Unrelated' },
  { resourceType: 'Location', id: 'room', name: 'Room', managingOrganization: reference('Organization/ward') },
  { resourceType: 'Practitioner', id: 'doctor' },
  { resourceType: 'Medication', id: 'pill', code: { text: 'pill' } },
  {
    resourceType: 'Patient',
    id: 'p1',
    generalPractitioner: [reference('Practitioner/doctor')],
  },
  { resourceType: 'Patient', id: 'p2' },
  {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'finished',
    ...(isR4 ? { class: { code: 'AMB' } } : {}),
    subject: reference('Patient/p1'),
    period: { start: '2020-03-01', end: '2020-03-05' },
    location: [{ location: reference('Location/room') }],
  },
  ...(['2019-01-01', '2020-03-02', '2020-04'] as const).map((date, n) => ({
    resourceType: 'Observation',
    id: `o${String(n + 1)}`,
    status: 'final',
    code: { text: 'x' },
    subject: reference('Patient/p1'),
    effectiveDateTime: date,
    ...(n === 1 ? (isR4 ? { encounter: reference('Encounter/e1') } : { context: reference('Encounter/e1') }) : {}),
  })),
  {
    resourceType: 'Observation',
    id: 'undated',
    status: 'final',
    code: { text: 'x' },
    subject: reference('Patient/p1'),
    performer: [reference('Practitioner/gone')],
  },
  { resourceType: 'Observation', id: 'of-p2', status: 'final', code: { text: 'x' }, subject: reference('Patient/p2') },
  { resourceType: 'Condition', id: 'c1', subject: reference('Patient/p1'), code: { text: 'x' }, onsetDateTime: '2001' },
  {
    resourceType: 'MedicationRequest',
    id: 'm1',
    status: 'active',
    intent: 'order',
    subject: reference('Patient/p1'),
    medicationReference: reference('Medication/pill'),
    authoredOn: '2020-03-03',
  },
];

const members = [
  'Condition/c1',
  'Encounter/e1',
  'MedicationRequest/m1',
  'Observation/o1',
  'Observation/o2',
  'Observation/o3',
  'Observation/undated',
  'Patient/p1',
];
const referred = [
  'Location/room',
  'Medication/pill',
  'Organization/hospital',
  'Organization/ward',
  'Practitioner/doctor',
];

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;
  const get = (path: string, as = 'practitioner') =>
    server.send('GET', path.startsWith('http') ? path : `${root}/${path}`, { as });
  const everything = async (query: string, path = 'Patient/p1/$everything'): Promise<AnswerJson> => {
    const { status, json } = await get(`${path}${query}`);
    expect([status, json.issue]).toEqual([200, undefined]);
    return json;
  };
  /** All pages, by their next links. */
  const pages = async (path: string, as?: string): Promise<AnswerJson[]> => {
    const found = [(await get(path, as)).json];
    for (let next = found[0]; next !== undefined;) {
      const link = next.link.find(({ relation }) => relation === 'next')?.url;
      next = link === undefined ? undefined : (await get(link, as)).json;
      if (next !== undefined) found.push(next);
      if (found.length > 100) throw new Error('The pages have no end');
    }
    return found;
  };

  beforeAll(async () => {
    for (const resource of record(version === 'r4')) {
      const { status, json } = await server.send(
        'PUT',
        `${root}/${String(resource['resourceType'])}/${String(resource['id'])}`,
        { body: resource },
      );
      expect([json.issue, status]).toEqual([undefined, 201]);
    }
  });

  test('of a patient is the compartment and what that refers to, each once, and nothing of others', async () => {
    const json = await everything('');
    expect([json.resourceType, json.type, json.total]).toEqual(['Bundle', 'searchset', members.length]);
    expect(named(json, 'match')).toEqual(members);
    expect(named(json, 'include')).toEqual(referred);
    expect(json.link.map(({ relation }) => relation)).not.toContain('next');
    expect(json.link.find(({ relation }) => relation === 'self')?.url).toBe(
      `${server.base(version)}/Patient/p1/$everything`,
    );
    expect((await server.send('POST', `${root}/Patient/p1/$everything`)).json.entry).toEqual(json.entry);
  });

  test.each([1, 2, 3, 5, 8, 9])('comes in pages of %i that are the whole, each resource once', async (count) => {
    const all = await pages(`Patient/p1/$everything?_count=${String(count)}`);
    for (const page of all)
      for (const mode of ['match', 'include']) expect(named(page, mode).length).toBeLessThanOrEqual(count);
    const found = all.flatMap((page) => named(page));
    expect(found.sort()).toEqual([...members, ...referred].sort());
  });

  test('_type narrows it, also to what is only referred to', async () => {
    expect(named(await everything('?_type=Observation'))).toEqual(
      members.filter((each) => each.startsWith('Observation/')),
    );
    expect(named(await everything('?_type=Organization,Patient'))).toEqual([
      'Organization/hospital',
      'Organization/ward',
      'Patient/p1',
    ]);
    expect(named(await everything('?_type=Medication&_type=Condition'))).toEqual(['Condition/c1', 'Medication/pill']);
    const { status, json } = await get('Patient/p1/$everything?_type=Nonsense');
    expect([status, json.issue[0].expression]).toEqual([400, ['_type']]);
  });

  test('_since is about when resources were stored', async () => {
    expect(named(await everything('?_since=2199-01-01T00:00:00Z'))).toEqual([]);
    expect(named(await everything('?_since=2199-01-01'))).toEqual([]);
    expect(named(await everything('?_since=2001-01'))).toEqual(named(await everything('')));
    const { json } = await get('Observation/o3');
    const since = encodeURIComponent(json.meta.lastUpdated);
    const found = named(await everything(`?_since=${since}`));
    expect(found).toEqual(expect.arrayContaining(['Observation/o3', 'Condition/c1']));
    expect(found).not.toContain('Patient/p1');
    expect(found).not.toContain('Organization/ward');
    expect((await get('Patient/p1/$everything?_since=yesterday')).json.issue[0].expression).toEqual(['_since']);
  });

  test('start and end are about when care was given; what holds for longer or has no date stays', async () => {
    const lasting = ['Condition/c1', 'Observation/undated', 'Patient/p1'];
    const march = await everything('?start=2020-03-01&end=2020-03-31');
    expect(named(march, 'match')).toEqual(
      [...lasting, 'Encounter/e1', 'MedicationRequest/m1', 'Observation/o2'].sort(),
    );
    expect(named(await everything('?start=2020-04-15'), 'match')).toEqual([...lasting, 'Observation/o3'].sort());
    const before = await everything('?end=2019');
    expect(named(before, 'match')).toEqual([...lasting, 'Observation/o1'].sort());
    expect(named(before, 'include')).toEqual(['Practitioner/doctor']);
  });

  test('of an encounter is its compartment, the patient and what they refer to', async () => {
    const json = await everything('', 'Encounter/e1/$everything');
    expect(named(json, 'match')).toEqual(['Encounter/e1', 'Observation/o2']);
    expect(named(json, 'include')).toEqual([
      'Location/room',
      'Organization/hospital',
      'Organization/ward',
      'Patient/p1',
    ]);
  });

  test('without a patient is that of the caller; of all patients in R4, refused in STU3', async () => {
    expect(named((await get('Patient/$everything', 'patient-1')).json)).toEqual(named(await everything('')));
    const all = await get('Patient/$everything');
    expect(all.status).toBe(version === 'r4' ? 200 : 400);
    if (version === 'r4')
      expect(named(all.json, 'match')).toEqual([...members, 'Observation/of-p2', 'Patient/p2'].sort());
  });

  test('shows a patient the own record only, a role only its types', async () => {
    const own = (await get('Patient/p1/$everything', 'patient-1')).json;
    expect(named(own)).toEqual([...members, ...referred].sort());
    for (const path of ['Patient/p1/$everything', 'Encounter/e1/$everything', 'Patient/unknown/$everything']) {
      expect([path, (await get(path, 'patient-2')).status]).toEqual([path, 404]);
    }
    expect(named((await get('Patient/p1/$everything', 'auditor')).json)).toEqual(['Patient/p1']);
    expect((await get('Patient/p1/$everything', 'non-practitioner')).status).toBe(403);
    await server.send('PUT', `${root}/Patient/deleted`, { body: { resourceType: 'Patient', id: 'deleted' } });
    await server.send('DELETE', `${root}/Patient/deleted`);
    expect((await get('Patient/deleted/$everything')).status).toBe(410);
  });

  test('a resource of two patients is shown to each, without the other', async () => {
    const body = {
      resourceType: 'Observation',
      id: 'shared',
      status: 'final',
      code: { text: 'x' },
      subject: reference('Patient/p1'),
      performer: [reference('Patient/p2')],
    };
    await server.send('PUT', `${root}/Observation/shared`, { body });
    for (const [as, other] of [
      ['patient-1', 'Patient/p2'],
      ['patient-2', 'Patient/p1'],
    ] as const) {
      const found = named((await get('Patient/$everything', as)).json);
      expect(found).toContain('Observation/shared');
      expect(found).not.toContain(other);
    }
    await server.send('DELETE', `${root}/Observation/shared`);
  });

  test('of a patient who is linked to another is not the record of that one', async () => {
    const link = [{ other: reference('Patient/linked'), type: 'seealso' }];
    for (const body of [
      { resourceType: 'Patient', id: 'linked' },
      { resourceType: 'Patient', id: 'linking', link },
    ]) {
      await server.send('PUT', `${root}/Patient/${body.id}`, { body });
    }
    expect(named(await everything('', 'Patient/linking/$everything'))).toEqual(['Patient/linking']);
    for (const id of ['linking', 'linked']) await server.send('DELETE', `${root}/Patient/${id}`);
  });

  test('a page link is good for the same caller and the same record only, and holds all of the request', async () => {
    const first = await everything('?_count=2&_type=Observation');
    const next = first.link.find(({ relation }) => relation === 'next')?.url ?? '';
    expect((await get(next)).status).toBe(200);
    expect((await get(next, 'patient-1')).status).toBe(400);
    expect((await get(next.replace('Patient/p1', 'Patient/p2'))).status).toBe(400);
    expect((await get(`${next}&_count=1`)).status).toBe(400);
    expect((await get('Patient/p1/$everything?_count=0')).status).toBe(400);
  });

  test('is answered in a batch', async () => {
    const entry = [{ request: { method: 'GET', url: 'Patient/p1/$everything?_type=Condition' } }];
    const { json } = await server.send('POST', root, { body: { resourceType: 'Bundle', type: 'batch', entry } });
    const [first] = json.entry;
    expect([first?.response?.status, first?.resource?.type]).toEqual(['200 OK', 'searchset']);
    expect(first?.resource?.entry[0]?.resource?.id).toBe('c1');
  });
});
