import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { ask } from '../../support/graphql.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const plain = 'application/json; charset=utf-8';
const graphqlJson = 'application/graphql-response+json';

describe.each(fhirVersions)('$graphql over HTTP, %s', (version) => {
  const root = `/${version}`;
  const encoded = encodeURIComponent;
  const query = '{ Patient(id: "h1") { id birthDate } }';
  const found = { data: { Patient: { id: 'h1' } } };

  beforeAll(async () => {
    await server.send('PUT', `${root}/Patient/h1`, { body: { resourceType: 'Patient', id: 'h1' } });
  });

  test('answers a GET with the query in the URL, on the system and on a resource', async () => {
    const system = await server.send('GET', `${root}/$graphql?query=${encoded(query)}`);
    expect([system.status, system.headers['content-type'], system.json]).toEqual([200, plain, found]);
    const instance = await server.send('GET', `${root}/Patient/h1/$graphql?query={id}`);
    expect(instance.json).toEqual({ data: { id: 'h1' } });
    const named = `query A { Patient(id: "x") { id } } query B($id: id) { Patient(id: $id) { id } }`;
    const variables = encoded('{"id":"h1"}');
    const chosen = await server.send(
      'GET',
      `${root}/$graphql?query=${encoded(named)}&operationName=B&variables=${variables}`,
    );
    expect(chosen.json).toEqual(found);
    expect((await server.send('HEAD', `${root}/$graphql?query=${encoded(query)}`)).status).toBe(200);
  });

  test.each([
    ['application/json', JSON.stringify({ query, variables: null, operationName: null, extensions: {} })],
    ['application/json; charset=utf-8', JSON.stringify({ query })],
    ['application/graphql', query],
    [
      'application/fhir+json',
      JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'query', valueString: query }] }),
    ],
  ])('answers a POST of %s', async (type, body) => {
    const { status, json } = await server.send('POST', `${root}/$graphql`, { body, headers: { 'content-type': type } });
    expect([status, json]).toEqual([200, found]);
  });

  test('says null for what is not there to clients that ask for GraphQL’s own media type', async () => {
    const { headers, answer } = await ask(server, root, query, { accept: `${graphqlJson}, application/json;q=0.9` });
    expect([headers['content-type'], answer]).toEqual([
      `${graphqlJson}; charset=utf-8`,
      { data: { Patient: { id: 'h1', birthDate: null } } },
    ]);
    const refused = await ask(server, root, '{ nonsense }', { accept: graphqlJson });
    expect([refused.status, 'data' in refused.answer]).toEqual([400, false]);
  });

  test.each([
    ['*/*', plain],
    ['application/fhir+json', plain],
    [`application/json, ${graphqlJson}`, plain],
    [`application/json;q=0.1, ${graphqlJson};q=0.2`, `${graphqlJson}; charset=utf-8`],
  ])('answers Accept: %s as %s', async (accept, type) => {
    expect((await ask(server, root, query, { accept })).headers['content-type']).toBe(type);
  });

  test('refuses other formats, other bodies and mutations by GET as GraphQL errors', async () => {
    const send = (method: string, path: string, body?: string, headers = {}) =>
      server.send(method, `${root}/${path}`, { ...(body === undefined ? {} : { body }), headers });
    const json = { 'content-type': 'application/json' };
    const answers = await Promise.all([
      send('GET', `$graphql?query=${encoded(query)}`, undefined, { accept: 'text/html' }),
      send('POST', '$graphql', query, { 'content-type': 'text/plain' }),
      send('POST', '$graphql', '{"query":', json),
      send('POST', '$graphql', '[]', json),
      send('POST', '$graphql', '{}', json),
      send('POST', '$graphql', '{"query":1}', json),
      send('POST', '$graphql', '{"query":"{ id }","variables":[]}', json),
      send('GET', '$graphql'),
      send('GET', `$graphql?query={id}&nonsense=1`),
      send('GET', `$graphql?query={id}&variables={`),
      send('GET', `$graphql?query=${encoded('mutation { PatientDelete(id: "h1") { location } }')}`),
      send('GET', 'Patient/nobody/$graphql?query={id}'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([406, 415, 400, 400, 400, 400, 400, 400, 400, 400, 405, 404]);
    expect(JSON.stringify(answers[1].json)).toContain('application/graphql');
    for (const { json: body } of answers) {
      expect(body).toEqual({
        data: null,
        errors: [
          expect.objectContaining({
            message: expect.any(String),
            extensions: { resource: expect.objectContaining({ resourceType: 'OperationOutcome' }) },
          }),
        ],
      });
    }
  });

  test('is an operation in bundles, whose answer is JSON in a Binary', async () => {
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'query', valueString: '{ id }' }] };
    const entry = [
      { request: { method: 'GET', url: `$graphql?query=${encoded(query)}` } },
      { request: { method: 'POST', url: 'Patient/h1/$graphql' }, resource: parameters },
      { request: { method: 'GET', url: '$graphql?query={nonsense}' } },
    ];
    const { json } = await server.send('POST', root, { body: { resourceType: 'Bundle', type: 'batch', entry } });
    const read = json.entry.map(({ resource }) => {
      const text = (resource as unknown as Record<string, string> | undefined)?.[version === 'r4' ? 'data' : 'content'];
      return text === undefined ? undefined : (JSON.parse(Buffer.from(text, 'base64').toString()) as unknown);
    });
    expect(read).toEqual([found, { data: { id: 'h1' } }, undefined]);
    expect(json.entry[2]?.response?.status).toBe('400 Bad Request');
  });

  test('applies to what other operations answer', async () => {
    const path = `Patient/h1/$meta?_graphql=${encoded('{ parameter(name: "return") { valueMeta { versionId } } }')}`;
    const { headers, json } = await server.send('GET', `${root}/${path}`);
    expect([headers['content-type'], json]).toEqual([
      plain,
      { data: { parameter: [{ valueMeta: { versionId: '1' } }] } },
    ]);
    const failed = await server.send('GET', `${root}/Patient/nobody/$meta?_graphql={id}`);
    expect([failed.status, failed.json.resourceType]).toEqual([404, 'OperationOutcome']);
  });
});
