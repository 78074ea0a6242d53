import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let lenient: TestServer;
beforeAll(async () => {
  [server, lenient] = await Promise.all([startTestServer(), startTestServer({ validation: 'structure' })]);
});
afterAll(() => Promise.all([server.close(), lenient.close()]));

const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
const contained = { resourceType: 'Practitioner', id: 'doctor' };

describe.each(fhirVersions)('a write of %s keeps the invariants', (version) => {
  test.each([
    ['obs-6', 'Observation', { ...observation, valueString: 'x', dataAbsentReason: { text: 'why' } }],
    ['obs-3', 'Observation.referenceRange[0]', { ...observation, referenceRange: [{ type: { text: 'normal' } }] }],
    ['pat-1', 'Patient.contact[0]', { resourceType: 'Patient', contact: [{ gender: 'male' }] }],
    ['org-1', 'Organization', { resourceType: 'Organization', active: true }],
    [
      'per-1',
      'Patient.name[0].period',
      { resourceType: 'Patient', name: [{ period: { start: '2020-02', end: '2020-01-31' } }] },
    ],
    ['cpt-2', 'Patient.telecom[0]', { resourceType: 'Patient', telecom: [{ value: '1' }] }],
    [
      'ref-1',
      'Patient.managingOrganization',
      { resourceType: 'Patient', managingOrganization: { reference: '#nothing' } },
    ],
    ['dom-3', 'Patient', { resourceType: 'Patient', contained: [contained] }],
    [
      'txt-1',
      'Patient.text.div',
      {
        resourceType: 'Patient',
        text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></div>' },
      },
    ],
    [
      'txt-1',
      'Patient.text.div',
      {
        resourceType: 'Patient',
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml"><a href=" javascript:alert(1)">x</a></div>',
        },
      },
    ],
    [
      'txt-1',
      'Patient.text.div',
      {
        resourceType: 'Patient',
        text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x()">x</p></div>' },
      },
    ],
    [
      'txt-1',
      'Patient.text.div',
      { resourceType: 'Patient', text: { status: 'generated', div: '<div><p>not closed</div>' } },
    ],
    ['qty-3', 'Observation.value.ofType(Quantity)', { ...observation, valueQuantity: { value: 1, code: 'kg' } }],
  ] as const)('%s at %s', async (key, place, body) => {
    const { status, json } = await server.send('POST', `/${version}/${body.resourceType}`, { body });
    expect([status, json.issue[0].code, json.issue[0].expression]).toEqual([422, 'invariant', [place]]);
    expect(json.issue[0].diagnostics).toContain(key);
  });

  test('also in a transaction, which then writes nothing', async () => {
    const entry = ['x', undefined].map((name) => ({
      resource: { resourceType: 'Organization', ...(name === undefined ? { active: true } : { name }) },
      request: { method: 'POST', url: 'Organization' },
    }));
    const before = (await server.send('GET', `/${version}/Organization?_summary=count`)).json.total;
    const { status, json } = await server.send('POST', `/${version}`, {
      body: { resourceType: 'Bundle', type: 'transaction', entry },
    });
    expect([status, json.issue[0].code, json.issue[0].expression]).toEqual([
      422,
      'invariant',
      ['Bundle.entry[1].resource'],
    ]);
    expect((await server.send('GET', `/${version}/Organization?_summary=count`)).json.total).toBe(before);
  });

  test('narrative that shows nothing is warned of', async () => {
    const div = '<div xmlns="http://www.w3.org/1999/xhtml"> <p/> </div>';
    const body = { resourceType: 'Patient', text: { status: 'empty', div } };
    expect((await server.send('POST', `/${version}/Patient`, { body })).status).toBe(201);
    const { json } = await server.send('POST', `/${version}/Patient/$validate`, { body });
    expect(json.issue).toMatchObject([{ severity: 'warning', expression: ['Patient.text.div'] }]);
  });

  test('what only warns, or cannot be decided, is no reason to refuse', async () => {
    const period = { start: '2020-01-15', end: '2020-01' };
    const body = { resourceType: 'Patient', name: [{ period }] };
    expect((await server.send('POST', `/${version}/Patient`, { body })).status).toBe(201);
    const answer = await server.send('POST', `/${version}/Patient/$validate`, { body });
    expect(answer.json.issue.map(({ severity }) => severity)).not.toContain('error');
    expect(answer.json.issue.at(-1)).toMatchObject({ severity: 'warning', expression: ['Patient.name[0].period'] });
  });

  test('unless VALIDATION is structure', async () => {
    const body = { resourceType: 'Organization', active: true };
    expect((await lenient.send('POST', `/${version}/Organization`, { body })).status).toBe(201);
    const wrong = { resourceType: 'Organization', activ: true };
    expect((await lenient.send('POST', `/${version}/Organization`, { body: wrong })).status).toBe(422);
  });

  test('a reference to the resource itself is no contained one', async () => {
    const body = { resourceType: 'Patient', active: true, link: [{ other: { reference: '#' }, type: 'seealso' }] };
    expect((await server.send('POST', `/${version}/Patient`, { body })).status).toBe(201);
  });

  test('ten thousand contained resources take no time that grows with their square', async () => {
    const many = Array.from({ length: 10_000 }, (_, at) => ({ resourceType: 'Practitioner', id: `d${String(at)}` }));
    const generalPractitioner = many.map(({ id }) => ({ reference: `#${id}` }));
    const body = { resourceType: 'Patient', contained: many, generalPractitioner };
    expect((await server.send('POST', `/${version}/Patient/$validate`, { body })).status).toBe(200);
  });
});
