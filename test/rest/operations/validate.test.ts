import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestResponse, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });
const issuesOf = ({ json }: TestResponse) =>
  json.issue.map(({ severity, code, expression }) => [severity, code, ...(expression ?? [])]);
const ok = [['information', 'informational']];

describe.each(fhirVersions)('$validate, %s', (version) => {
  const root = `/${version}`;
  const post = (path: string, body?: unknown, as = 'practitioner') =>
    server.send('POST', `${root}/${path}`, { as, ...(body === undefined ? {} : { body }) });

  test('says "All OK" of a resource that keeps all rules, and stores nothing', async () => {
    const answer = await post('Patient/$validate', {
      resourceType: 'Patient',
      id: 'v1',
      birthDate: '1970-01-01',
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
    });
    expect([answer.status, answer.json.resourceType, issuesOf(answer)]).toEqual([200, 'OperationOutcome', ok]);
    expect(answer.json.issue[0].diagnostics).toContain('All OK');
    expect((await server.send('GET', `${root}/Patient/v1`)).status).toBe(404);
  });

  test('names the place of every broken rule, with 200', async () => {
    const body = { resourceType: 'Patient', gender: 'males', birthdate: '1970', contact: [{ name: { family: 7 } }] };
    const answer = await post('Patient/$validate', body);
    expect(answer.status).toBe(200);
    expect(issuesOf(answer)).toEqual([
      ['error', 'code-invalid', 'Patient.gender'],
      ['error', 'structure', 'Patient.birthdate'],
      ['error', 'structure', 'Patient.contact[0].name.family'],
    ]);
    expect(answer.json.issue[0].diagnostics).toContain('did you mean male?');
  });

  test('checks invariants: those that err and those that warn', async () => {
    const contact = [{ relationship: [{ text: 'mother' }] }];
    const answer = await post('Patient/$validate', { resourceType: 'Patient', contact });
    const warned = version === 'r4' ? [['warning', 'invariant', 'Patient']] : [];
    expect(issuesOf(answer)).toEqual([...warned, ['error', 'invariant', 'Patient.contact[0]']]);
    expect(answer.json.issue.at(-1)?.diagnostics).toContain('pat-1');
  });

  test.each(['1.50', '0.10', '1.5'])('reads the decimal %s', async (decimal) => {
    const body = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${decimal}}}`;
    const headers = { 'content-type': 'application/fhir+json' };
    const answer = await server.send('POST', `${root}/Observation/$validate`, { headers, body });
    expect([answer.status, answer.json.resourceType]).toEqual([200, 'OperationOutcome']);
    expect(answer.json.issue.some(({ severity }) => severity === 'error')).toBe(false);
  });

  test('warns of codes outside a value set that is extensible, and of words alone where a code is required', async () => {
    const maritalStatus = (code: string) => ({ coding: [{ system: 'urn:own', code }] });
    const other = await post('Patient/$validate', { resourceType: 'Patient', maritalStatus: maritalStatus('x') });
    expect(issuesOf(other)).toContainEqual(['warning', 'code-invalid', 'Patient.maritalStatus']);
    expect(other.json.issue.some(({ severity }) => severity === 'error')).toBe(false);
    const delivery = { resourceType: 'SupplyDelivery', type: { text: 'x' } };
    expect(issuesOf(await post('SupplyDelivery/$validate', delivery))).toContainEqual([
      'warning',
      'code-invalid',
      'SupplyDelivery.type',
    ]);
    const system = `http://${version === 'r4' ? 'terminology.hl7.org/CodeSystem/v3-MaritalStatus' : 'hl7.org/fhir/v3/MaritalStatus'}`;
    const known = { resourceType: 'Patient', maritalStatus: { coding: [{ system, code: 'M' }] } };
    expect(issuesOf(await post('Patient/$validate', known))).not.toContainEqual(
      expect.arrayContaining(['code-invalid']),
    );
  });

  test('takes the resource, a mode and a profile from Parameters, too', async () => {
    const resource = { resourceType: 'Patient', gender: 'x' };
    const mode = { name: 'mode', valueCode: 'create' };
    const answer = await post('Patient/$validate', parameters(mode, { name: 'resource', resource }));
    expect(issuesOf(answer)).toEqual([['error', 'code-invalid', 'Patient.gender']]);
    const profile = { name: 'profile', valueUri: 'http://example.org/unknown' };
    const unknown = await post(
      'Patient/$validate',
      parameters(profile, { name: 'resource', resource: { resourceType: 'Patient' } }),
    );
    expect(issuesOf(unknown)).toContainEqual(['error', 'not-found', 'Patient']);
    const otherType = await post('Patient/$validate?profile=http://hl7.org/fhir/StructureDefinition/Group', {
      resourceType: 'Patient',
    });
    expect(issuesOf(otherType)).toContainEqual(['error', 'invalid', 'Patient']);
    const byQuery = await post(
      'Patient/$validate?profile=http://hl7.org/fhir/StructureDefinition/Patient&mode=create',
      { resourceType: 'Patient', active: true },
    );
    expect(byQuery.json.issue.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('warns of a profile that the resource states and nobody knows', async () => {
    const meta = { profile: ['http://hl7.org/fhir/StructureDefinition/Patient', 'http://example.org/unknown'] };
    const answer = await post('Patient/$validate', { resourceType: 'Patient', meta });
    expect(issuesOf(answer)).toContainEqual(['warning', 'not-found', 'Patient.meta.profile[1]']);
    expect(answer.json.issue.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('of a resource, checks what is stored, or what is to replace it', async () => {
    await server.send('PUT', `${root}/Patient/v2`, { body: { resourceType: 'Patient', id: 'v2', active: true } });
    for (const method of ['GET', 'POST']) {
      const { status, json } = await server.send(method, `${root}/Patient/v2/$validate`);
      expect([status, json.issue.some(({ severity }) => severity === 'error')]).toEqual([200, false]);
    }
    const other = await post('Patient/v2/$validate', { resourceType: 'Patient', id: 'v3' });
    expect(issuesOf(other)).toContainEqual(['error', 'invalid', 'Patient.id']);
    const update = parameters(
      { name: 'mode', valueCode: 'update' },
      { name: 'resource', resource: { resourceType: 'Patient' } },
    );
    expect(issuesOf(await post('Patient/v2/$validate', update))).toContainEqual(['error', 'required', 'Patient.id']);
    expect((await post('Patient/never/$validate')).status).toBe(404);
  });

  test('mode delete needs no resource, and tells who may not', async () => {
    const body = parameters({ name: 'mode', valueCode: 'delete' });
    expect(issuesOf(await post('Patient/v2/$validate', body))).toEqual(ok);
    expect(issuesOf(await post('Patient/v2/$validate', body, 'auditor'))).toEqual([['error', 'forbidden']]);
    expect((await post('Patient/$validate', body)).status).toBe(400);
  });

  test('mode delete of what is not there, or not any more, is 404 and 410', async () => {
    const body = parameters({ name: 'mode', valueCode: 'delete' });
    expect((await post('Patient/never/$validate', body)).status).toBe(404);
    await server.send('PUT', `${root}/Patient/v3`, { body: { resourceType: 'Patient', id: 'v3' } });
    await server.send('DELETE', `${root}/Patient/v3`);
    expect((await post('Patient/v3/$validate', body)).status).toBe(410);
  });

  test('shows nothing of what the caller may not see', async () => {
    for (const id of ['p1', 'p2']) {
      await server.send('PUT', `${root}/Patient/${id}`, { body: { resourceType: 'Patient', id } });
    }
    expect((await post('Patient/p1/$validate', undefined, 'patient-1')).status).toBe(200);
    expect((await post('Patient/p2/$validate', undefined, 'patient-1')).status).toBe(404);
    expect((await post('Patient/p1/$validate', undefined, 'nobody')).status).toBe(403);
  });

  test.each([
    ['no resource', 'Patient/$validate', undefined, 400],
    ['a mode that is none', 'Patient/$validate?mode=destroy', { resourceType: 'Patient' }, 400],
    ['a body that is no resource', 'Patient/$validate', [1], 400],
    ['a parameter that is none', 'Patient/$validate?profil=x', { resourceType: 'Patient' }, 400],
    ['the whole system', '$validate', { resourceType: 'Patient' }, 404],
  ] as const)('refuses %s', async (_, path, body, status) => {
    expect((await post(path, body)).status).toBe(status);
  });

  test('a resource of another type, or of none, is an issue', async () => {
    expect(issuesOf(await post('Patient/$validate', { resourceType: 'Basic', code: {} }))).toContainEqual([
      'error',
      'invalid',
      'Basic',
    ]);
    expect(issuesOf(await post('Patient/$validate', { resourceType: 'Patent' }))).toEqual([
      ['error', 'structure', 'Resource'],
    ]);
  });

  test('is stated and possible in a batch', async () => {
    const request = { method: 'POST', url: 'Patient/$validate' };
    const body = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ resource: { resourceType: 'Patient', gender: 'x' }, request }],
    };
    const { json } = await server.send('POST', root, { body });
    expect(json.entry[0]?.response?.status).toMatch(/^200/);
    expect(json.entry[0]?.resource?.issue[0].expression).toEqual(['Patient.gender']);
  });

  test('places are XPath as well in STU3', async () => {
    const { json } = await post('Patient/$validate', {
      resourceType: 'Patient',
      contact: [{ gender: 'x' }],
      extension: [{ url: 'x', valueQuantity: { value: 'x' } }],
    });
    const places = json.issue.map((issue) => issue.location?.[0]);
    expect(places).toEqual(
      version === 'stu3'
        ? ['/f:Patient/f:contact[1]/f:gender', '/f:Patient/f:extension[1]/f:valueQuantity/f:value']
        : [undefined, undefined],
    );
  });
});
