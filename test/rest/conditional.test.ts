import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import {
  isOnDynamoDb,
  issueCode,
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

let numbers = 0;
/** A patient whom nothing else in the tests is, and the criteria that find them. */
const someone = (more: object = {}) => {
  const value = `c${String((numbers += 1))}`;
  return {
    criteria: `identifier=urn:c%7C${value}`,
    patient: { resourceType: 'Patient', identifier: [{ system: 'urn:c', value }], ...more },
  };
};

describe.each(fhirVersions)('conditional interactions, %s', (version: FhirVersion) => {
  const send = (method: string, path: string, request: TestRequest = {}): Promise<TestResponse> =>
    server.send(method, `/${version}/${path}`, request);
  const count = async (criteria: string): Promise<number> =>
    (await send('GET', `Patient?${criteria}&_summary=count`)).json.total;

  describe('an update by criteria', () => {
    test('creates what nothing matches, and updates it from then on', async () => {
      const { criteria, patient } = someone();
      const created = await send('PUT', `Patient?${criteria}`, { body: patient });
      expect([created.status, created.json.meta.versionId]).toEqual([201, '1']);
      expect(created.headers.location).toBe(`${server.base(version)}/Patient/${created.json.id}/_history/1`);
      const body = { ...patient, active: true };
      const updated = await send('PUT', `Patient?${criteria}&_format=json`, { body });
      expect([updated.status, updated.json.id, updated.json.meta.versionId]).toEqual([200, created.json.id, '2']);
      const again = await send('PUT', `Patient?${criteria}`, { body: { ...body, id: created.json.id } });
      expect([again.status, again.json.meta.versionId]).toEqual([200, '3']);
    });

    test('refuses a resource with the id of another one than matches', async () => {
      const { criteria, patient } = someone();
      await send('PUT', `Patient?${criteria}`, { body: patient });
      const other = await send('PUT', `Patient?${criteria}`, { body: { ...patient, id: 'another' } });
      expect([other.status, other.json.issue[0].expression]).toEqual([400, ['Patient.id']]);
    });

    test('creates under the id of the resource in R4, under a new one in STU3', async () => {
      const { criteria, patient } = someone();
      const id = `own-${String(numbers)}`;
      const { status, json } = await send('PUT', `Patient?${criteria}`, { body: { ...patient, id } });
      expect([status, json.id === id]).toEqual([201, version === 'r4']);
    });

    test('does not write over a resource that has the id but does not match', async () => {
      const { criteria, patient } = someone();
      const id = `taken-${String(numbers)}`;
      await send('PUT', `Patient/${id}`, { body: { resourceType: 'Patient', id, gender: 'female' } });
      const answer = await send('PUT', `Patient?${criteria}`, { body: { ...patient, id } });
      expect(answer.status).toBe(version === 'r4' ? 409 : 201);
      expect((await send('GET', `Patient/${id}`)).json).toMatchObject({ gender: 'female', meta: { versionId: '1' } });
    });

    // Lost races grow with the square, and each takes its time on DynamoDB Local.
    const writers = isOnDynamoDb ? 15 : 50;
    test(`of ${String(writers)} equal ones at the same time one creates, the others update that one`, async () => {
      const { criteria, patient } = someone();
      const answers = await Promise.all(
        Array.from({ length: writers }, () => send('PUT', `Patient?${criteria}`, { body: patient })),
      );
      expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
      const versions = answers.map(({ json }) => Number(json.meta.versionId)).sort((a, b) => a - b);
      expect(versions).toEqual(Array.from({ length: writers }, (_, n) => n + 1));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(await count(criteria)).toBe(1);
    });

    test('and creates by the same criteria make one resource together', async () => {
      const { criteria, patient } = someone();
      const headers = { 'if-none-exist': criteria };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          n % 2 === 0
            ? send('PUT', `Patient?${criteria}`, { body: patient })
            : send('POST', 'Patient', { body: patient, headers }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(await count(criteria)).toBe(1);
    });

    test('heeds If-Match and If-None-Match', async () => {
      const { criteria, patient } = someone();
      const put = async (headers: Record<string, string>) =>
        (await send('PUT', `Patient?${criteria}`, { body: patient, headers })).status;
      expect(await put({ 'if-match': 'W/"1"' })).toBe(staleStatus[version]);
      expect(await put({ 'if-none-match': '*' })).toBe(201);
      expect(await put({ 'if-none-match': '*' })).toBe(412);
      expect(await put({ 'if-match': 'W/"2"' })).toBe(staleStatus[version]);
      expect(await put({ 'if-match': 'W/"1"' })).toBe(200);
    });

    test('neither sees nor changes what is not of the caller’s compartment', async () => {
      const { criteria, patient } = someone();
      await send('PUT', `Patient?${criteria}`, { body: patient });
      const refused = await send('PUT', `Patient?${criteria}`, { body: patient, as: 'patient-1' });
      expect(refused.status).toBe(403);
      expect(await count(criteria)).toBe(1);
    });
  });

  describe('a delete by criteria', () => {
    test('deletes the one that matches; when none does, that is a success', async () => {
      const { criteria, patient } = someone();
      const { json } = await send('POST', 'Patient', { body: patient });
      const deleted = await send('DELETE', `Patient?${criteria}`);
      expect([deleted.status, deleted.headers.etag]).toEqual([204, 'W/"2"']);
      expect((await send('GET', `Patient/${json.id}`)).status).toBe(410);
      expect((await send('DELETE', `Patient?${criteria}`)).status).toBe(204);
    });

    test('deletes nothing when several match', async () => {
      const { criteria, patient } = someone();
      for (let n = 0; n < 2; n += 1) await send('POST', 'Patient', { body: patient });
      const refused = await send('DELETE', `Patient?${criteria}`);
      expect([refused.status, refused.json.issue[0].code]).toEqual([412, issueCode(version, 'multiple-matches')]);
      expect(await count(criteria)).toBe(2);
    });

    test('heeds If-Match', async () => {
      const { criteria, patient } = someone();
      await send('POST', 'Patient', { body: patient });
      const remove = async (tag: string) =>
        (await send('DELETE', `Patient?${criteria}`, { headers: { 'if-match': tag } })).status;
      expect([await remove('W/"2"'), await remove('W/"3", W/"1"'), await remove('*')]).toEqual([
        staleStatus[version],
        204,
        staleStatus[version],
      ]);
    });
  });

  describe('preconditions', () => {
    const path = `Patient/pre-${version}`;
    const body = { resourceType: 'Patient', id: `pre-${version}` };
    const statusOf = async (method: string, headers: Record<string, string>): Promise<number> =>
      (await send(method, path, method === 'PUT' ? { body, headers } : { headers })).status;

    test('If-None-Match: * creates only', async () => {
      expect(await statusOf('PUT', { 'if-none-match': '*' })).toBe(201);
      expect(await statusOf('PUT', { 'if-none-match': '*' })).toBe(412);
      expect(await statusOf('PUT', { 'if-none-match': 'W/"1"' })).toBe(412);
      expect(await statusOf('PUT', { 'if-none-match': 'W/"7"' })).toBe(200);
    });

    test('If-Match: * updates only, a list names several versions', async () => {
      expect(await statusOf('PUT', { 'if-match': '*' })).toBe(200);
      expect(await statusOf('PUT', { 'if-match': 'W/"1", W/"3"' })).toBe(200);
      expect(await statusOf('PUT', { 'if-match': 'W/"1", W/"3"' })).toBe(staleStatus[version]);
      expect(await statusOf('DELETE', { 'if-match': '*' })).toBe(204);
      expect(await statusOf('PUT', { 'if-match': '*' })).toBe(staleStatus[version]);
      expect(await statusOf('PUT', { 'if-none-match': '*' })).toBe(201); // what was deleted is not there
    });

    test('of 20 creates under one id with If-None-Match: * one is done', async () => {
      const id = `race-${version}`;
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          send('PUT', `Patient/${id}`, { body: { ...body, id }, headers: { 'if-none-match': '*' } }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 412)]);
    });
  });

  test.each(['minimal', 'representation', 'OperationOutcome'])(
    'Prefer: return=%s counts for all writes',
    async (kind) => {
      const { criteria, patient } = someone();
      const headers = { prefer: `return=${kind}` };
      const answers = [
        await send('PUT', `Patient?${criteria}`, { body: patient, headers }),
        await send('PATCH', `Patient?${criteria}`, {
          body: '[{"op":"add","path":"/active","value":true}]',
          headers: { ...headers, 'content-type': 'application/json-patch+json' },
        }),
      ];
      const types = { minimal: undefined, representation: 'Patient', OperationOutcome: 'OperationOutcome' };
      for (const { text, headers: got } of answers) {
        const type = text === '' ? undefined : (JSON.parse(text) as { resourceType: string }).resourceType;
        expect(type).toBe(types[kind as keyof typeof types]);
        expect(got.etag).toMatch(/^W\/"[12]"$/);
      }
      const removed = await send('DELETE', `Patient?${criteria}`, { headers });
      expect([removed.status, removed.text !== '']).toEqual(kind === 'OperationOutcome' ? [200, true] : [204, false]);
    },
  );
});
