import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestServer } from '../../support/server.js';

// Small rules of https://hl7.org/fhir/R4/http.html and https://hl7.org/fhir/STU3/http.html

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(fhirVersions)('http, %s', (version) => {
  const root = `/${version}`;

  test('metadata shows the part asked for, tagged', async () => {
    const { status, json } = await server.send('GET', `${root}/metadata?_elements=fhirVersion`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      resourceType: 'CapabilityStatement',
      fhirVersion: version === 'r4' ? '4.0.1' : '3.0.2',
      meta: { tag: [{ code: 'SUBSETTED' }] },
    });
    expect(json).toHaveProperty('status');
    expect(json).not.toHaveProperty('software');
    expect((await server.send('GET', `${root}/metadata?_summary=true`)).json).toHaveProperty('meta.tag');
  });

  if (version === 'r4') {
    test('metadata in mode terminology is what is known of code systems, and keeps the rules of its type', async () => {
      const { status, headers, json } = await server.send('GET', `${root}/metadata?mode=terminology`, { as: null });
      expect([status, json.resourceType]).toEqual([200, 'TerminologyCapabilities']);
      const known = (json as unknown as { codeSystem: { uri: string }[] }).codeSystem.map(({ uri }) => uri);
      expect(known).toContain('http://unitsofmeasure.org');
      expect(known).toContain('http://hl7.org/fhir/administrative-gender');
      const { json: checked } = await server.send('POST', `${root}/TerminologyCapabilities/$validate`, { body: json });
      expect(checked.issue.map(({ severity }) => severity)).not.toContain('error');
      const again = { as: null, headers: { 'if-none-match': headers.etag ?? '' } };
      expect((await server.send('GET', `${root}/metadata?mode=terminology`, again)).status).toBe(304);
      const part = await server.send('GET', `${root}/metadata?mode=terminology&_elements=expansion`);
      expect(part.json).not.toHaveProperty('codeSystem');
    });

    test.each(['full', 'normative'])('metadata in mode %s is the statement', async (mode) => {
      const { json } = await server.send('GET', `${root}/metadata?mode=${mode}`);
      expect([json.resourceType, 'rest' in json]).toEqual(['CapabilityStatement', true]);
    });
  }

  test.each(['', '?', 'Patient?', '/Patient?', 'base'])(
    'If-None-Exist may have "%s" before its criteria',
    async (head) => {
      const identifier = [{ system: 'urn:http', value: '1' }];
      const before = head === 'base' ? `${server.base(version)}/Patient?` : head;
      const headers = { 'if-none-exist': `${before}identifier=urn:http|1` };
      const body = { resourceType: 'Patient', identifier };
      await server.send('PUT', `${root}/Patient/one`, { body: { ...body, id: 'one' } });
      const { status, json } = await server.send('POST', `${root}/Patient`, { headers, body });
      expect([status, json.id]).toEqual([200, 'one']);
      const request = { method: 'POST', url: 'Patient', ifNoneExist: headers['if-none-exist'] };
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: body, request }] };
      const answer = await server.send('POST', root, { body: bundle });
      expect(answer.json.entry[0]?.response).toMatchObject({ status: '200 OK' });
    },
  );

  test('criteria at another server are no criteria', async () => {
    const headers = { 'if-none-exist': 'http://elsewhere.example/Patient?identifier=urn:http|1' };
    const { status } = await server.send('POST', `${root}/Patient`, { headers, body: { resourceType: 'Patient' } });
    expect(status).toBe(400);
  });

  test.each(['respond-async', 'respond-async, wait=10', 'return=representation, respond-async'])(
    'Prefer: %s of what is done at once is answered at once, as preferences may be (RFC 7240)',
    async (prefer) => {
      const headers = { prefer };
      const body = { resourceType: 'Patient', id: 'at-once' };
      expect((await server.send('PUT', `${root}/Patient/at-once`, { headers, body })).json.id).toBe('at-once');
      expect((await server.send('GET', `${root}/Patient?_id=at-once`, { headers })).json.total).toBe(1);
      const entry = [{ request: { method: 'GET', url: 'Patient/at-once' } }];
      const bundle = { resourceType: 'Bundle', type: 'batch', entry };
      expect((await server.send('POST', root, { headers, body: bundle })).json.type).toBe('batch-response');
    },
  );

  test('a search by POST may have all its parameters in the URL, and no body', async () => {
    await server.send('PUT', `${root}/Patient/one`, { body: { resourceType: 'Patient', id: 'one' } });
    const { status, json } = await server.send('POST', `${root}/Patient/_search?_id=one`);
    expect([status, json.total]).toEqual([200, 1]);
    const other = { headers: { 'content-type': 'application/json' }, body: '{}' };
    expect((await server.send('POST', `${root}/Patient/_search?_id=one`, other)).status).toBe(415);
    expect((await server.send('POST', `${root}/Patient/_search`, { headers: {}, body: '_id=one' })).status).toBe(415);
  });

  test('what was deleted is 410 with the version that says so', async () => {
    const url = `${root}/Patient/etag-of-gone`;
    await server.send('PUT', url, { body: { resourceType: 'Patient', id: 'etag-of-gone' } });
    const deleted = await server.send('DELETE', url);
    const patch = { headers: { 'content-type': 'application/json-patch+json' }, body: '[]' };
    const gone = [
      await server.send('GET', url),
      await server.send('HEAD', url),
      await server.send('GET', `${url}/_history/2`),
      await server.send('PATCH', url, patch),
    ];
    expect(gone.map(({ status, headers }) => [status, headers.etag])).toEqual(gone.map(() => [410, 'W/"2"']));
    expect(deleted.headers.etag).toBe('W/"2"');
    expect((await server.send('GET', `${root}/Patient/never`)).headers.etag).toBeUndefined();
  });

  test('a form of the other version of FHIR is refused, and the refusal names the one that is served', async () => {
    const [own, other] = version === 'r4' ? ['4.0', '3.0'] : ['3.0', '4.0'];
    const accept = (number: string) => ({ headers: { accept: `application/fhir+json; fhirVersion=${number}` } });
    expect((await server.send('GET', `${root}/Patient`, accept(own))).status).toBe(200);
    const refused = await server.send('GET', `${root}/Patient`, accept(other));
    expect([refused.status, refused.json.issue[0].diagnostics]).toEqual([
      406,
      `Accept asks for "application/fhir+json; fhirVersion=${other}"; here application/fhir+json of FHIR ${own} only is answered`,
    ]);
    const headers = { 'content-type': `application/fhir+json; fhirVersion=${other}` };
    const sent = await server.send('POST', `${root}/Patient`, { headers, body: '{"resourceType":"Patient"}' });
    expect([sent.status, sent.json.issue[0].diagnostics]).toEqual([
      415,
      `Content-Type is "application/fhir+json; fhirVersion=${other}"; here application/fhir+json of FHIR ${own} only is read`,
    ]);
  });

  test('a request has the id that the client gave it, or one of its own', async () => {
    const idOf = async (given?: string) => {
      const headers = given === undefined ? {} : { 'x-request-id': given };
      return (await server.send('GET', `${root}/metadata`, { headers })).headers['x-request-id'];
    };
    expect(await idOf('client-7')).toBe('client-7');
    expect(await idOf('a "quoted" one')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf()).not.toBe(await idOf());
  });
});
