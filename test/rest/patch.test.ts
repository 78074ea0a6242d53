import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import {
  staleStatus,
  startTestServer,
  type TestRequest,
  type TestResponse,
  type TestServer,
} from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const jsonPatch = (operations: unknown, headers: Record<string, string> = {}): TestRequest => ({
  body: JSON.stringify(operations),
  headers: { 'content-type': 'application/json-patch+json', ...headers },
});

/** An operation of a FHIRPath Patch: `value` is `{ valueCode: 'x' }` or `{ part: […] }`. */
const operation = (type: string, path: string, more: Record<string, unknown> = {}): object => ({
  name: 'operation',
  part: [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
    ...Object.entries(more).map(([name, value]) => {
      if (typeof value === 'string') return { name, valueString: value };
      if (typeof value === 'number') return { name, valueInteger: value };
      return { name, ...(value as object) };
    }),
  ],
});
const fhirPathPatch = (...parameter: object[]): TestRequest => ({ body: { resourceType: 'Parameters', parameter } });

describe.each(fhirVersions)('PATCH, %s', (version: FhirVersion) => {
  const send = (method: string, path: string, request: TestRequest = {}): Promise<TestResponse> =>
    server.send(method, `/${version}/${path}`, request);
  const made = async (content: object = {}): Promise<string> => {
    const { status, json } = await send('POST', 'Patient', { body: { resourceType: 'Patient', ...content } });
    expect(status).toBe(201);
    return `Patient/${json.id}`;
  };

  test('changes by JSON Patch, makes a new version, and tells history how', async () => {
    const path = await made({ name: [{ family: 'Old', given: ['A', 'B'] }] });
    const patched = await send(
      'PATCH',
      path,
      jsonPatch([
        { op: 'test', path: '/name/0/family', value: 'Old' },
        { op: 'replace', path: '/name/0/family', value: 'New' },
        { op: 'remove', path: '/name/0/given/0' },
        { op: 'add', path: '/gender', value: 'female' },
      ]),
    );
    expect([patched.status, patched.headers.etag]).toEqual([200, 'W/"2"']);
    expect(patched.json).toMatchObject({ gender: 'female', name: [{ family: 'New', given: ['B'] }] });
    expect((await send('GET', path)).text).toBe(patched.text);
    const history = await send('GET', `${path}/_history`);
    // STU3's codes of methods have no PATCH.
    expect(history.json.entry[0]?.request).toEqual({ method: version === 'r4' ? 'PATCH' : 'PUT', url: path });
  });

  test('changes by FHIRPath Patch', async () => {
    const path = await made({
      name: [
        { use: 'usual', family: 'U' },
        { use: 'official', family: 'O' },
      ],
    });
    const patched = await send(
      'PATCH',
      path,
      fhirPathPatch(
        operation('replace', "Patient.name.where(use = 'official').family", { value: { valueString: 'P' } }),
        operation('add', 'Patient', { name: 'deceased', value: { valueBoolean: true } }),
        operation('insert', 'Patient.name', { index: 0, value: { valueHumanName: { text: 'First' } } }),
        operation('move', 'Patient.name', { source: 2, destination: 1 }),
        operation('delete', 'Patient.name[2].use'),
        operation('delete', 'Patient.telecom'),
      ),
    );
    expect(patched.json).toMatchObject({
      deceasedBoolean: true,
      name: [{ text: 'First' }, { use: 'official', family: 'P' }, { family: 'U' }],
    });
  });

  test('keeps the digits of decimals, those of the resource and those of the patch', async () => {
    const body = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.00}}`;
    const type = { 'content-type': 'application/fhir+json' };
    const { json } = await send('POST', 'Observation', { body, headers: type });
    const range = `[{"op":"add","path":"/referenceRange","value":[{"low":{"value":0.10}}]}]`;
    const one = await send('PATCH', `Observation/${json.id}`, {
      body: range,
      headers: { 'content-type': 'application/json-patch+json' },
    });
    expect(one.text).toContain('"valueQuantity":{"value":1.00}');
    expect(one.text).toContain('"low":{"value":0.10}');
    const high = `{"name":"value","valueQuantity":{"value":2.50}}`;
    const parts = `{"name":"type","valueCode":"add"},{"name":"path","valueString":"Observation.referenceRange[0]"},{"name":"name","valueString":"high"},${high}`;
    const two = await send('PATCH', `Observation/${json.id}`, {
      body: `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[${parts}]}]}`,
      headers: type,
    });
    expect(two.text).toContain('"referenceRange":[{"low":{"value":0.10},"high":{"value":2.50}}]');
  });

  test('removes what a patch leaves empty', async () => {
    const path = await made({ active: true, name: [{ given: ['Only'] }] });
    const patched = await send('PATCH', path, jsonPatch([{ op: 'remove', path: '/name/0/given/0' }]));
    expect([patched.status, Reflect.has(patched.json, 'name')]).toEqual([200, false]);
  });

  test('heeds If-Match', async () => {
    const path = await made();
    const patch = [{ op: 'add', path: '/active', value: true }];
    expect((await send('PATCH', path, jsonPatch(patch, { 'if-match': 'W/"2"' }))).status).toBe(staleStatus[version]);
    expect((await send('PATCH', path, jsonPatch(patch, { 'if-match': 'W/"1"' }))).status).toBe(200);
    expect((await send('PATCH', path, jsonPatch(patch, { 'if-match': '*' }))).status).toBe(200);
  });

  test('of 30 patches at the same time none is lost', async () => {
    const path = await made();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        send(
          'PATCH',
          path,
          fhirPathPatch(operation('add', 'Patient', { name: 'name', value: { valueHumanName: { text: String(n) } } })),
        ),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));
    const { json } = await send('GET', path);
    expect([json.name.length, json.meta.versionId]).toEqual([30, '31']);
  });

  const refused: readonly (readonly [string, TestRequest, number, string, string?])[] = [
    ['a test that fails', jsonPatch([{ op: 'test', path: '/active', value: true }]), 422, 'patch[0]'],
    ['a path that leads nowhere', jsonPatch([{ op: 'remove', path: '/name/3' }]), 422, 'patch[0]'],
    [
      'the second operation',
      jsonPatch([
        { op: 'add', path: '/active', value: false },
        { op: 'replace', path: '/nobody', value: 1 },
      ]),
      422,
      'patch[1]',
    ],
    ['another id', jsonPatch([{ op: 'replace', path: '/id', value: 'x' }]), 422, 'Patient.id'],
    ['no id', jsonPatch([{ op: 'remove', path: '/id' }]), 422, 'Patient.id'],
    ['another type', jsonPatch([{ op: 'replace', path: '/resourceType', value: 'Group' }]), 422, 'resourceType'],
    ['no resource', jsonPatch([{ op: 'replace', path: '', value: 3 }]), 422, 'resourceType'],
    ['an invalid resource', jsonPatch([{ op: 'add', path: '/gender', value: 'x' }]), 422, 'Patient.gender'],
    ['an unknown element', jsonPatch([{ op: 'add', path: '/shoeSize', value: 44 }]), 422, 'Patient.shoeSize'],
    ['an operation that is none', jsonPatch([{ op: 'grow', path: '/name' }]), 400, 'patch[0].op'],
    ['an operation without a value', jsonPatch([{ op: 'add', path: '/active' }]), 400, 'patch[0].value'],
    ['a pointer that is none', jsonPatch([{ op: 'remove', path: 'name' }]), 400, 'patch[0].path'],
    ['FHIRPath that is none', fhirPathPatch(operation('delete', 'Patient.')), 422, 'Parameters.parameter[0]'],
    [
      'FHIRPath that follows references',
      fhirPathPatch(operation('delete', 'Patient.generalPractitioner.resolve()')),
      422,
      'Parameters.parameter[0]',
    ],
    ['several elements to delete', fhirPathPatch(operation('delete', 'Patient.name')), 422, 'Parameters.parameter[0]'],
    [
      'a value of another type',
      fhirPathPatch(operation('add', 'Patient', { name: 'name', value: { valuePeriod: { start: '2020' } } })),
      422,
      'Parameters.parameter[0]',
    ],
    [
      'what is there already',
      fhirPathPatch(operation('add', 'Patient', { name: 'active', value: { valueBoolean: true } })),
      422,
      'Parameters.parameter[0]',
    ],
    [
      'an element that is none',
      fhirPathPatch(operation('add', 'Patient', { name: 'shoeSize', value: { valueInteger: 44 } })),
      422,
      'Parameters.parameter[0]',
    ],
    [
      'an index beyond the list',
      fhirPathPatch(operation('insert', 'Patient.name', { index: 9, value: { valueHumanName: { text: 'x' } } })),
      422,
      'Parameters.parameter[0]',
    ],
    [
      'a missing part',
      fhirPathPatch(operation('add', 'Patient', { value: { valueInteger: 1 } })),
      400,
      'Parameters.parameter[0]',
    ],
    ['an unknown operation', fhirPathPatch(operation('grow', 'Patient.name')), 400, 'Parameters.parameter[0]'],
    ['another parameter', fhirPathPatch({ name: 'grow', valueString: 'x' }), 400, 'Parameters.parameter[0]'],
    [
      'Parameters that are invalid',
      { body: { resourceType: 'Parameters', parameter: [{ nam: 'x' }] } },
      422,
      'Parameters.parameter[0].nam',
    ],
  ];

  test.each(refused)('refuses %s, names the place, and changes nothing', async (_, request, status, place) => {
    const path = await made({ active: true, name: [{ text: 'a' }, { text: 'b' }] });
    // A test that fails needs another value than is there.
    if (place === 'patch[0]') await send('PATCH', path, jsonPatch([{ op: 'replace', path: '/active', value: false }]));
    const before = (await send('GET', path)).text;
    const answer = await send('PATCH', path, request);
    expect([answer.status, answer.json.issue[0].expression]).toEqual([status, [place]]);
    expect((await send('GET', path)).text).toBe(before);
    expect(server.logged).toEqual([]);
  });

  test('refuses other forms of patches, naming the header', async () => {
    const path = await made();
    for (const type of ['application/xml-patch+xml', 'application/merge-patch+json', 'text/plain']) {
      const { status, json } = await send('PATCH', path, { body: 'x', headers: { 'content-type': type } });
      expect([status, json.issue[0].expression]).toEqual([415, ['http.Content-Type']]);
    }
    const asJson = await send('PATCH', path, { body: '[]', headers: { 'content-type': 'application/json' } });
    expect(asJson.status).toBe(400);
  });

  test('refuses bombs: copies of copies, too many operations', async () => {
    const path = await made({ extension: [{ url: 'http://e', valueString: 'x' }] });
    const double = { op: 'copy', from: '/extension/0', path: '/extension/0/extension/-' };
    const copies = [
      { op: 'add', path: '/extension/0/extension', value: [] },
      ...Array.from({ length: 60 }, () => double),
    ];
    expect((await send('PATCH', path, jsonPatch(copies))).status).toBe(413);
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/active', value: true }));
    expect((await send('PATCH', path, jsonPatch(many))).status).toBe(413);
  });

  test('is 404 for what is not there or not the caller’s, 410 for what was deleted, 403 for who may not', async () => {
    const patch = jsonPatch([]);
    expect((await send('PATCH', 'Patient/nobody', patch)).status).toBe(404);
    const path = await made();
    expect((await send('PATCH', path, { ...patch, as: 'patient-1' })).status).toBe(403);
    await send('DELETE', path);
    expect((await send('PATCH', path, patch)).status).toBe(410);
  });

  test('by criteria changes the one that matches: 404 for none, 412 for several', async () => {
    const identifier = [{ system: 'urn:p', value: `by-criteria-${version}` }];
    const url = `Patient?identifier=urn:p%7Cby-criteria-${version}`;
    const patch = jsonPatch([{ op: 'add', path: '/active', value: true }]);
    expect((await send('PATCH', url, patch)).status).toBe(404);
    await made({ identifier });
    const patched = await send('PATCH', url, patch);
    expect([patched.status, patched.headers.etag]).toEqual([200, 'W/"2"']);
    await made({ identifier });
    expect((await send('PATCH', url, patch)).status).toBe(412);
  });

  describe('narrative', () => {
    const text = (status: string) => ({
      text: { status, div: '<div xmlns="http://www.w3.org/1999/xhtml">Old</div>' },
      birthDate: '1970-01-01',
    });
    const birthDate = { op: 'replace', path: '/birthDate', value: '1980-01-01' };
    const has = (answer: TestResponse): boolean => Reflect.has(answer.json, 'text');

    test('that was generated does not outlive the data it tells', async () => {
      const path = await made(text('generated'));
      const tagged = await send('PATCH', path, jsonPatch([{ op: 'add', path: '/meta/tag', value: [{ code: 't' }] }]));
      expect([tagged.status, has(tagged)]).toEqual([200, true]);
      const patched = await send('PATCH', path, jsonPatch([birthDate]));
      expect([patched.status, has(patched)]).toEqual([200, false]);
    });

    test('that says more than the data must be patched with it', async () => {
      const path = await made(text('additional'));
      const refusal = await send('PATCH', path, jsonPatch([birthDate]));
      expect([refusal.status, refusal.json.issue[0].expression]).toEqual([422, ['Patient.text']]);
      const div = { op: 'replace', path: '/text/div', value: '<div xmlns="http://www.w3.org/1999/xhtml">New</div>' };
      const patched = await send('PATCH', path, jsonPatch([birthDate, div]));
      expect([patched.status, has(patched)]).toEqual([200, true]);
    });
  });
});
