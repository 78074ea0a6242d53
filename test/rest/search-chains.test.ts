import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { entriesOf, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const put = async (body: { readonly resourceType: string; readonly id: string; readonly [e: string]: unknown }) => {
      const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
      if (status !== 201) throw new Error(text);
    };
    const patient = (id: string, family: string, birthDate: string, organization: string, extra: object = {}) =>
      put({
        resourceType: 'Patient',
        id,
        name: [{ family }],
        birthDate,
        managingOrganization: { reference: `Organization/${organization}` },
        ...extra,
      });
    const observation = (id: string, subject: string, code: string, extra: object = {}) =>
      put({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { coding: [{ system: 'http://loinc.org', code }] },
        subject: { reference: subject },
        ...extra,
      });
    await put({ resourceType: 'Organization', id: 'top', name: 'Top Hospital' });
    await put({ resourceType: 'Organization', id: 'ward', name: 'Ward', partOf: { reference: 'Organization/top' } });
    await patient('p1', 'Peters', '1970-05-01', 'ward', { gender: 'male' });
    await patient('p2', 'Peterson', '1990-01-01', 'top', { gender: 'female' });
    await patient('p3', 'Smith', '2001-12-24', 'ward');
    await put({ resourceType: 'Location', id: 'l1', name: 'Peterhouse' });
    await observation('o1', 'Patient/p1', '1');
    await observation('o2', `${server.base(version)}/Patient/p2`, '2', {
      performer: [{ reference: 'Practitioner/d1' }],
    });
    await observation('o3', 'Patient/p3', '1');
    await observation('o4', 'Location/l1', '3');
    await observation('o5', 'Patient/p1/_history/1', '4');
    await observation('o6', '#inside', '5', {
      contained: [
        {
          resourceType: 'Patient',
          id: 'inside',
          name: [{ family: 'Petermann' }],
          managingOrganization: { reference: 'Organization/ward' },
        },
      ],
    });
    await put({ resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Doctor' }] });
    await put({
      resourceType: 'Provenance',
      id: 'v1',
      target: [{ reference: 'Observation/o1' }, { reference: 'Observation/o4' }],
      recorded: '2020-01-01T00:00:00Z',
      agent: [
        version === 'r4'
          ? { who: { reference: 'Practitioner/d1' } }
          : { whoReference: { reference: 'Practitioner/d1' } },
      ],
    });
    await put({
      resourceType: 'Questionnaire',
      id: 'q1',
      url: 'http://x.org/q',
      version: '1',
      status: 'active',
      title: 'Intake',
    });
    await put({
      resourceType: 'Questionnaire',
      id: 'q2',
      url: 'http://x.org/q',
      version: '2',
      status: 'retired',
      title: 'Intake two',
    });
    if (version === 'r4') {
      const questionnaires = {
        r1: 'http://x.org/q|1',
        r2: 'http://x.org/q|2',
        r3: 'http://x.org/q',
        r4: 'http://y.org/q',
      };
      for (const [id, questionnaire] of Object.entries(questionnaires)) {
        await put({ resourceType: 'QuestionnaireResponse', id, status: 'completed', questionnaire });
      }
    }
  }
});
afterAll(() => server.close());

const ids = ({ status, json, text }: TestResponse): string[] => {
  if (status !== 200) throw new Error(text);
  return entriesOf(json)
    .map(({ resource }) => resource?.id ?? '')
    .sort();
};

describe.each(fhirVersions)('a chain into the first entry of a Bundle, %s', (version) => {
  const entry = (resource: object) => ({ fullUrl: 'urn:uuid:5f2a1f0e-6d0c-4a4b-9f0e-0a1b2c3d4e5f', resource });
  const composition = { resourceType: 'Composition', status: 'final', date: '2020-01-01', type: { text: 'letter' } };
  const written = {
    ...composition,
    title: 'Discharge',
    subject: { reference: 'Patient/p1' },
    author: [{ display: 'x' }],
  };
  const stu3 = { confidentiality: 'N', author: [{ reference: 'Practitioner/d1' }] };
  const inside = { ...written, ...(version === 'stu3' ? stu3 : {}) };
  const search = async (query: string) => ids(await server.send('GET', `/${version}/Bundle?${query}`));

  beforeAll(async () => {
    const document = (id: string, resource: object) => ({
      resourceType: 'Bundle',
      id,
      type: 'document',
      identifier: { system: 'urn:own', value: id },
      ...(version === 'r4' ? { timestamp: '2020-01-01T00:00:00Z' } : {}),
      entry: [entry(resource)],
    });
    const bodies = [
      document('b1', inside),
      document('b2', { ...inside, title: 'Referral' }),
      document('b3', { ...inside, id: 'inner', title: 'Letter', subject: { reference: 'Patient/p9' } }),
      { ...inside, id: 'inner', title: 'Stored' },
    ];
    for (const body of bodies) {
      const { status, text } = await server.send('PUT', `/${version}/${body.resourceType}/${body.id}`, { body });
      if (status !== 201) throw new Error(text);
    }
  });

  test.each([
    ['composition.title=discharge', ['b1']],
    ['composition.subject=Patient/p1', ['b1', 'b2']],
    ['composition.subject:Patient.name=peters&composition.title=referral', ['b2']],
    ['composition:Composition.title=none', []],
    ['message.source-uri=http://x.org', []],
    ['composition=Composition/inner', ['b3']],
    ['composition=inner', ['b3']],
    ['composition.title=letter', ['b3']],
    ['composition.title=stored', []],
    ['composition:missing=false&identifier=b3', ['b3']],
  ])('%s', async (query, found) => {
    expect(await search(query)).toEqual(found);
  });

  test('a stored resource of the same id is another one: it is not included, nor is the Bundle for its sake', async () => {
    const modes = async (query: string) =>
      entriesOf((await server.send('GET', `/${version}/${query}`)).json).map(({ search: how }) => how?.mode);
    expect(await modes('Bundle?identifier=b3&_include=Bundle:composition')).toEqual(['match']);
    expect(await modes('Composition?_id=inner&_revinclude=Bundle:composition')).toEqual(['match']);
    const { json } = await server.send('GET', `/${version}/Bundle?composition.title=stored&_summary=count`);
    expect(json.total).toBe(0);
    const has = await server.send('GET', `/${version}/Composition?_has:Bundle:composition:identifier=b3`);
    expect(entriesOf(has.json)).toEqual([]);
  });
});

describe.each(fhirVersions)('a chained parameter, %s', (version) => {
  const search = (query: string, as = 'practitioner') => server.send('GET', `/${version}/${query}`, { as });

  test.each([
    ['Observation?subject:Patient.name=peter', ['o1', 'o2', 'o5', 'o6']],
    ['Observation?subject.name=peter', ['o1', 'o2', 'o4', 'o5', 'o6']],
    ['Observation?subject:Location.name=peter', ['o4']],
    ['Observation?patient.family:exact=Peters', ['o1', 'o5']],
    ['Observation?patient.family:contains=ETERS', ['o1', 'o2', 'o5']],
    ['Observation?patient.birthdate=ge1990', ['o2', 'o3']],
    ['Observation?patient.gender:not=male', ['o2', 'o3', 'o6']],
    ['Observation?patient.gender:missing=true', ['o3', 'o6']],
    ['Observation?patient.family=smith,peterson', ['o2', 'o3']],
    ['Observation?patient._id=p1', ['o1', 'o5']],
    ['Observation?patient.organization.name=ward', ['o1', 'o3', 'o5', 'o6']],
    ['Observation?subject:Patient.organization:Organization.partof.name=top', ['o1', 'o3', 'o5', 'o6']],
    ['Observation?patient.organization=Organization/ward&code=1', ['o1', 'o3']],
    ['Observation?patient.organization=ward&patient.name=peter', ['o1', 'o5', 'o6']],
    ['Observation?patient.name=nobody', []],
    ['Observation?subject._type=Location', ['o4']],
    ['Observation?subject._type=Location,Patient&code=3,4', ['o4', 'o5']],
    ['Observation?subject:Patient._type=Observation', []],
    ['Patient?organization.name=ward&_sort=-birthdate', ['p1', 'p3']],
  ])('%s finds what refers to what is found', async (query, wanted) => {
    expect(ids(await search(query))).toEqual(wanted);
  });

  test.each([
    ['Patient?_has:Observation:patient:code=1', ['p1', 'p3']],
    ['Patient?_has:Observation:patient:code=http://loinc.org|2', ['p2']],
    ['Patient?_has:Observation:patient:code=1,2', ['p1', 'p2', 'p3']],
    ['Patient?_has:Observation:patient:code=1&_has:Observation:patient:code=4', ['p1']],
    ['Patient?_has:Observation:patient:code=1&name=peter', ['p1']],
    ['Patient?_has:Observation:patient:_has:Provenance:target:agent=Practitioner/d1', ['p1']],
    ['Patient?_has:Observation:patient:performer.name=doctor', ['p2']],
    ['Organization?_has:Patient:organization:_has:Observation:patient:code=2', ['top']],
    ['Observation?patient._has:Observation:patient:code=4', ['o1', 'o5']],
    ['Organization?_has:Patient:organization:name=peter', ['top', 'ward']],
    ['Patient?_has:Observation:patient:code=none', []],
  ])('%s finds what something refers to', async (query, wanted) => {
    expect(ids(await search(query))).toEqual(wanted);
  });

  test.each([
    ['Patient?nonsense.name=a', 'nonsense.name', 'no search parameter "nonsense"'],
    [
      'Observation?subject:Patient.nonsense=a',
      'subject:Patient.nonsense',
      'Patient has no search parameter "nonsense"',
    ],
    ['Observation?subject.nonsense=a', 'subject.nonsense', 'No type that Observation.subject refers to'],
    ['Observation?subject:Nonsense.name=a', 'subject:Nonsense.name', 'resource type'],
    ['Observation?subject:Practitioner.name=a', 'subject:Practitioner.name', 'refers to no Practitioner'],
    ['Observation?status.name=a', 'status.name', 'no reference'],
    ['Observation?subject:identifier.name=a', 'subject:identifier.name', 'resource type'],
    ['Observation?subject.=a', 'subject.', 'no chain'],
    ['Observation?patient.birthdate=yesterday', 'patient.birthdate', 'birthdate'],
    ['Patient?_has:Observation:patient=a', '_has:Observation:patient', '_has:Type:reference:parameter'],
    ['Patient?_has:Nonsense:patient:code=a', '_has:Nonsense:patient:code', 'not known'],
    ['Patient?_has:Observation:nonsense:code=a', '_has:Observation:nonsense:code', 'no search parameter'],
    ['Patient?_has:Observation:code:code=a', '_has:Observation:code:code', 'no reference'],
    ['Patient?_has:Observation:encounter:code=a', '_has:Observation:encounter:code', 'refers to no Patient'],
    ['Patient?_has:Observation:patient:nonsense=a', '_has:Observation:patient:nonsense', 'no search parameter'],
  ])('%s is refused', async (query, place, says) => {
    const { status, json } = await search(query);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
    expect(json.issue[0].diagnostics).toContain(says);
  });

  test('goes on over pages, and sorted', async () => {
    const first = await search('Observation?subject.name=peter&_count=2&_sort=-code&_total=accurate');
    expect(first.json.total).toBe(5);
    const found = [...first.json.entry];
    for (let { json } = first; ;) {
      const next = json.link.find(({ relation }) => relation === 'next');
      if (next === undefined) break;
      ({ json } = await server.send('GET', next.url));
      found.push(...json.entry);
    }
    expect(found.map(({ resource }) => resource?.id)).toEqual(['o6', 'o5', 'o4', 'o2', 'o1']);
  });

  test('is followed from a resource to itself', async () => {
    const path = `/${version}/Organization/own`;
    await server.send('PUT', path, {
      body: { resourceType: 'Organization', id: 'own', name: 'Its Own', partOf: { reference: '#' } },
    });
    expect(ids(await search('Organization?partof.name=its'))).toEqual(['own']);
    expect(ids(await search('Organization?partof.name=top'))).toEqual(['ward']);
    await server.send('DELETE', path);
  });

  test('is followed on what is there now', async () => {
    const path = `/${version}/Patient/moving`;
    const body = { resourceType: 'Patient', id: 'moving', name: [{ family: 'Now' }] };
    await server.send('PUT', path, { body });
    const subject = { reference: 'Patient/moving' };
    const observed = { resourceType: 'Observation', id: 'om', status: 'final', code: { text: 'x' }, subject };
    await server.send('PUT', `/${version}/Observation/om`, { body: observed });
    expect(ids(await search('Observation?patient.family=now'))).toEqual(['om']);
    await server.send('PUT', path, { body: { ...body, name: [{ family: 'Then' }] } });
    expect(ids(await search('Observation?patient.family=now'))).toEqual([]);
    await server.send('DELETE', path);
    expect(ids(await search('Observation?patient.family=then'))).toEqual([]);
    await server.send('DELETE', `/${version}/Observation/om`);
  });

  test('tells a patient nothing about others', async () => {
    const shared = {
      resourceType: 'Observation',
      id: 'shared',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/p2' },
      performer: [{ reference: 'Patient/p1' }],
    };
    await server.send('PUT', `/${version}/Observation/shared`, { body: shared });
    expect(ids(await search('Observation?subject=Patient/p2', 'patient-1'))).toEqual(['shared']);
    expect(ids(await search('Observation?patient.name=peterson', 'patient-1'))).toEqual([]);
    expect(ids(await search('Observation?patient.gender:missing=false', 'patient-1'))).toEqual(['o1', 'o5']);
    expect(ids(await search('Organization?_has:Patient:organization:name=peter', 'patient-1'))).toEqual(['ward']);
    expect(ids(await search('Organization?_has:Patient:organization:_id=p2', 'patient-1'))).toEqual([]);
    await server.send('DELETE', `/${version}/Observation/shared`);
  });

  test.each(['Claim?patient:Patient.name=a', 'Claim?patient.name=a', 'Coverage?_has:Provenance:target:_id=a'])(
    '%s is forbidden to a role that may search the type, but not the one in between',
    async (query) => {
      const { status, json } = await search(query, 'non-practitioner');
      expect([status, json.issue[0].code]).toEqual([403, 'forbidden']);
      expect((await search(query)).status).toBe(200);
    },
  );

  test('is refused, never cut short, when more stand in between than are looked at', async () => {
    const own = server.servers[version] as { mostIntermediates?: number };
    own.mostIntermediates = 2;
    expect(ids(await search('Observation?patient.family=peters'))).toEqual(['o1', 'o2', 'o5']);
    const { status, json } = await search('Observation?patient.name:missing=false');
    expect([status, json.issue[0].code]).toEqual([413, 'too-costly']);
    delete own.mostIntermediates;
    expect(ids(await search('Observation?patient.name:missing=false'))).toEqual(['o1', 'o2', 'o3', 'o5', 'o6']);
  });

  test('stands in a batch as well, and in the criteria of a conditional create', async () => {
    const body = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: 'Observation?patient.organization.name=ward&_count=1&_total=accurate' } },
      ],
    };
    const { json } = await server.send('POST', `/${version}`, { body });
    expect(json.entry[0]?.resource).toMatchObject({ type: 'searchset', total: 4 });
    const made = await server.send('POST', `/${version}/Observation`, {
      body: { resourceType: 'Observation', status: 'final', code: { text: 'x' } },
      headers: { 'if-none-exist': 'patient.name=smith' },
    });
    expect([made.status, made.json.id]).toEqual([200, 'o3']);
    const reference = 'Patient?organization.name=top';
    const transaction = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference } },
          request: { method: 'POST', url: 'Observation' },
        },
      ],
    };
    const refused = await server.send('POST', `/${version}`, { body: transaction });
    expect([refused.status, refused.json.issue[0].code]).toEqual([400, 'not-supported']);
    expect(refused.json.issue[0].diagnostics).toContain('organization.name');
  });
});

test('a canonical reference is followed by URL and business version', async () => {
  const search = async (query: string): Promise<string[]> => ids(await server.send('GET', `/r4/${query}`));
  expect(await search('QuestionnaireResponse?questionnaire.title=intake')).toEqual(['r1', 'r2', 'r3']);
  expect(await search('QuestionnaireResponse?questionnaire.status=active')).toEqual(['r1', 'r3']);
  expect(await search('Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=r2')).toEqual(['q2']);
  expect(await search('Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=r3')).toEqual(['q1', 'q2']);
  expect(await search('QuestionnaireResponse?_id=r1&_include=QuestionnaireResponse:questionnaire')).toEqual([
    'q1',
    'r1',
  ]);
  expect(await search('Questionnaire?_id=q2&_revinclude=QuestionnaireResponse:questionnaire')).toEqual([
    'q2',
    'r2',
    'r3',
  ]);
});
