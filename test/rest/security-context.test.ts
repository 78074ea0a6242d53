import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '../../auth/principal.js';
import { type FhirVersion, fhirVersions } from '../../fhir/version.js';
import { contentElement } from '../../interactions/binary.js';
import { startTestServer, type TestRequest, type TestResponse, type TestServer } from '../support/server.js';

// Who may read a Binary is who may read the resource that its security context points to, as that is now.

const application = (scope: string): Principal => ({
  subject: 'app',
  username: 'app',
  clientId: 'app',
  groups: ['practitioner'],
  scopes: scope.split(' '),
});

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    authorization: 'roles+smart',
    principals: {
      'binaries-only': application('user/Binary.rs'),
      'binaries-and-documents': application('user/Binary.rs user/DocumentReference.rs'),
      'other-types': application('user/DocumentReference.rs'),
    },
  });
  for (const version of fhirVersions) await fill(version);
});
afterAll(async () => {
  expect(server.logged).toEqual([]);
  await server.close();
});

const send = (version: FhirVersion, method: string, path: string, request?: TestRequest): Promise<TestResponse> =>
  server.send(method, `/${version}/${path}`, request);

const document = (version: FhirVersion, patient: string): object => ({
  resourceType: 'DocumentReference',
  id: 'd1',
  status: 'current',
  ...(version === 'stu3' ? { type: { text: 'letter' }, indexed: '2026-01-01T00:00:00Z' } : {}),
  subject: { reference: `Patient/${patient}` },
  content: [{ attachment: { url: 'Binary/of-document' } }],
});

async function fill(version: FhirVersion): Promise<void> {
  const put = async (resource: object): Promise<void> => {
    const { resourceType, id } = resource as { resourceType: string; id: string };
    const { status } = await send(version, 'PUT', `${resourceType}/${id}`, { body: resource });
    expect([resourceType, id, status]).toEqual([resourceType, id, 201]);
  };
  for (const id of ['p1', 'p2']) await put({ resourceType: 'Patient', id });
  await put(document(version, 'p1'));
  const contexts = {
    'of-document': 'DocumentReference/d1',
    'of-patient': 'Patient/p1',
    'of-version': 'Patient/p1/_history/1',
    'of-binary': 'Binary/of-document',
    'of-itself': 'Binary/of-itself',
    'of-nothing': 'DocumentReference/none',
    'of-elsewhere': 'https://elsewhere.example.org/Patient/p1',
    'of-other-server': `https://elsewhere.example.org/${version}/Patient/p1`,
    'of-url': `${server.base(version)}/Patient/p1`,
  };
  for (const [id, reference] of Object.entries(contexts)) {
    const headers = { 'content-type': 'text/plain', 'x-security-context': reference };
    expect((await send(version, 'PUT', `Binary/${id}`, { headers, body: 'secret' })).status).toBe(201);
  }
  await put({ resourceType: 'Binary', id: 'open', contentType: 'text/plain', [contentElement(version)]: 'QUJD' });
}

describe.each(fhirVersions)('The security context of a Binary of %s', (version) => {
  const statusOf = async (as: string, path: string): Promise<number> => {
    const { status, text } = await send(version, 'GET', path, { as });
    expect(text.includes('secret')).toBe(status === 200);
    return status;
  };

  test('is the header it came in, an element of the resource, and a header again', async () => {
    const { headers } = await send(version, 'GET', 'Binary/of-document');
    expect(headers['x-security-context']).toBe('DocumentReference/d1');
    const { json } = await send(version, 'GET', 'Binary/of-document', { headers: { accept: 'application/fhir+json' } });
    expect(json).toMatchObject({ securityContext: { reference: 'DocumentReference/d1' } });
  });

  test.each([
    ['of-document', 200, 404],
    ['of-patient', 200, 404],
    ['of-version', 200, 404],
    ['of-binary', 200, 404],
    ['of-itself', 404, 404],
    ['of-nothing', 404, 404],
    ['of-elsewhere', 404, 404],
    ['of-other-server', 404, 404],
    ['of-url', 200, 404],
    ['open', 404, 404],
  ])('opens %s to the patient whose it is (%d), to no other (%d)', async (id, own, other) => {
    for (const path of [`Binary/${id}`, `Binary/${id}/_history/1`]) {
      expect([path, await statusOf('patient-1', path), await statusOf('patient-2', path)]).toEqual([path, own, other]);
    }
  });

  test('opens nothing to who calls this server as another one is called', async () => {
    const headers = { 'x-forwarded-host': 'elsewhere.example.org', 'x-forwarded-proto': 'https' };
    const { status } = await send(version, 'GET', 'Binary/of-other-server', { as: 'patient-1', headers });
    expect(status).toBe(404);
    const { json } = await send(version, 'GET', 'Binary/of-url?_format=json');
    expect(json).toMatchObject({ securityContext: { reference: 'Patient/p1' } });
  });

  test('closes to who may read Binaries, but not what it points to', async () => {
    expect((await send(version, 'GET', 'Binary/open', { as: 'binaries-only' })).text).toBe('ABC');
    for (const path of ['Binary/of-document', 'Binary/of-patient', 'Binary/of-document/_history/1']) {
      expect(await statusOf('binaries-only', path)).toBe(404);
    }
    expect(await statusOf('binaries-and-documents', 'Binary/of-document')).toBe(200);
    expect(await statusOf('binaries-and-documents', 'Binary/of-patient')).toBe(404);
    expect(await statusOf('other-types', 'Binary/of-document')).toBe(403);
  });

  test('keeps it out of searches, their totals and histories of who may not read everything', async () => {
    for (const as of ['binaries-only', 'patient-1', 'patient-2']) {
      const own = as === 'binaries-only' ? 1 : 0;
      for (const path of ['Binary?_total=accurate', 'Binary?_total=estimate', 'Binary?_summary=count']) {
        const { json } = await send(version, 'GET', path, { as });
        expect([as, path, json.total]).toEqual([as, path, own]);
      }
    }
    const { text } = await send(version, 'GET', 'Binary', { as: 'binaries-only' });
    expect(text).toContain('Binary/open');
    expect(text).not.toContain('Binary/of-');
    const everyone = await send(version, 'GET', 'Binary?_total=accurate');
    expect(everyone.json.total).toBe(10);
  });

  test('is followed to the resource as it is now', async () => {
    await send(version, 'PUT', 'DocumentReference/d1', { body: document(version, 'p2') });
    expect(await statusOf('patient-1', 'Binary/of-document')).toBe(404);
    expect(await statusOf('patient-1', 'Binary/of-document/_history/1')).toBe(404);
    expect(await statusOf('patient-2', 'Binary/of-document')).toBe(200);
    await send(version, 'DELETE', 'DocumentReference/d1');
    expect(await statusOf('patient-2', 'Binary/of-document')).toBe(404);
    expect(await statusOf('practitioner', 'Binary/of-document')).toBe(200);
  });

  test('of a new version opens no older one that had another', async () => {
    const put = (patient: string): Promise<TestResponse> =>
      send(version, 'PUT', 'Binary/moved', {
        headers: { 'content-type': 'text/plain', 'x-security-context': `Patient/${patient}` },
        body: 'secret',
      });
    await put('p1');
    await put('p2');
    expect(await statusOf('patient-2', 'Binary/moved')).toBe(200);
    expect(await statusOf('patient-2', 'Binary/moved/_history/1')).toBe(404);
    expect(await statusOf('patient-1', 'Binary/moved/_history/1')).toBe(404);
  });
});
