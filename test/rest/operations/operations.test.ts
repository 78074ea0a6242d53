import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const labels = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }] };

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;
  beforeAll(async () => {
    await server.send('PUT', `${root}/Patient/o1`, { body: { resourceType: 'Patient', id: 'o1' } });
  });

  test.each([
    ['GET', '$nonsense', 404, 'not-found', '$meta'],
    ['GET', 'Patient/$nonsense', 404, 'not-found', '$meta'],
    ['POST', 'Patient/o1/$meta-ad', 404, 'not-found', 'did you mean $meta-add?'],
    ['POST', 'Patient/$meta-add', 404, 'not-found', '[type]/[id]/$meta-add'],
    ['GET', 'Nonsense/$meta', 404, 'not-found', 'Nonsense'],
    ['GET', 'Patient/o1/$meta/more', 404, 'not-found', 'Patient/o1/$meta/more'],
    ['GET', 'Patient/o1/$meta-add', 405, 'not-supported', 'POST'],
    ['PUT', 'Patient/o1/$meta', 405, 'not-supported', 'GET, HEAD, POST'],
    ['DELETE', '$meta', 405, 'not-supported', 'GET, HEAD, POST'],
    ['GET', 'Patient/o1/$meta?nonsense=1', 400, 'not-supported', 'nonsense'],
  ])('%s %s is %i, and says what would do', async (method, path, status, code, hint) => {
    const answer = await server.send(method, `${root}/${path}`);
    expect([answer.status, answer.json.issue[0].code]).toEqual([status, code]);
    expect(answer.json.issue[0].diagnostics).toContain(hint);
    if (status === 405) expect(answer.headers.allow).toBe(hint);
  });

  test.each([
    ['no body', undefined, 400, 'invalid', 'meta'],
    ['a body that is no Parameters', { resourceType: 'Patient' }, 400, 'invalid', 'resourceType'],
    [
      'broken Parameters',
      { resourceType: 'Parameters', parameter: [{ value: 1 }] },
      422,
      'structure',
      'Parameters.parameter[0].value',
    ],
    [
      'an unknown parameter',
      { resourceType: 'Parameters', parameter: [{ name: 'mata', valueString: 'x' }] },
      400,
      'not-supported',
      'Parameters.parameter[0]',
    ],
    [
      'a parameter of another type',
      { resourceType: 'Parameters', parameter: [{ name: 'meta', valueString: 'x' }] },
      400,
      'invalid',
      'Parameters.parameter[0].valueString',
    ],
    [
      'a parameter without value',
      { resourceType: 'Parameters', parameter: [{ name: 'meta' }] },
      400,
      'invalid',
      'Parameters.parameter[0]',
    ],
    [
      'a parameter twice',
      { ...labels, parameter: [...labels.parameter, ...labels.parameter] },
      400,
      'invalid',
      'Parameters.parameter[1]',
    ],
  ])('refuses %s, naming the place', async (_, body, status, code, expression) => {
    const { status: actual, json } = await server.send('POST', `${root}/Patient/o1/$meta-add`, { body });
    expect([actual, json.issue[0].code, json.issue[0].expression]).toEqual([status, code, [expression]]);
  });

  test('a query cannot hold what is no primitive', async () => {
    const { status, json } = await server.send('POST', `${root}/Patient/o1/$meta-add?meta=x`);
    expect([status, json.issue[0].expression]).toEqual([400, ['meta']]);
  });

  test('batches invoke operations, changes before reads', async () => {
    const entry = [
      { request: { method: 'GET', url: 'Patient/b1/$meta' } },
      { request: { method: 'POST', url: 'Patient/b1/$meta-add' }, resource: labels },
      { request: { method: 'GET', url: 'Patient/b1/$meta-add' } },
      { request: { method: 'GET', url: 'Patient/b1/$nonsense' } },
      { request: { method: 'POST', url: 'Patient/never/$meta' } },
    ];
    await server.send('PUT', `${root}/Patient/b1`, { body: { resourceType: 'Patient', id: 'b1' } });
    const { json } = await server.send('POST', root, { body: { resourceType: 'Bundle', type: 'batch', entry } });
    expect(json.entry.map(({ response }) => response?.status.slice(0, 3))).toEqual(['200', '200', '405', '404', '404']);
    for (const place of [0, 1]) {
      expect(json.entry[place]?.resource).toMatchObject({
        parameter: [{ name: 'return', valueMeta: { versionId: '2', tag: [{ code: 'x' }] } }],
      });
    }
    expect(json.entry[2]?.response?.outcome?.issue[0].expression).toEqual(['Bundle.entry[2]']);
  });

  test('transactions invoke operations that read, after the commit', async () => {
    const transaction = (...entry: object[]) =>
      server.send('POST', root, { body: { resourceType: 'Bundle', type: 'transaction', entry } });
    const write = {
      resource: { resourceType: 'Patient', id: 't1', meta: { tag: [{ code: 'y' }] } },
      request: { method: 'PUT', url: 'Patient/t1' },
    };
    const { status, json } = await transaction({ request: { method: 'GET', url: 'Patient/t1/$meta' } }, write);
    expect(status).toBe(200);
    expect(json.entry[0]?.resource).toMatchObject({ parameter: [{ valueMeta: { tag: [{ code: 'y' }] } }] });
    const refused = await transaction(write, {
      request: { method: 'POST', url: 'Patient/t1/$meta-add' },
      resource: labels,
    });
    expect([refused.status, refused.json.issue[0].expression]).toEqual([400, ['Bundle.entry[1]']]);
    expect((await server.send('GET', `${root}/Patient/t1`)).headers.etag).toBe('W/"1"');
  });
});

test('$versions tells the version of FHIR that is served; STU3 does not have it', async () => {
  const { status, json } = await server.send('GET', '/r4/$versions');
  expect([status, json]).toEqual([
    200,
    {
      resourceType: 'Parameters',
      parameter: [
        { name: 'version', valueCode: '4.0' },
        { name: 'default', valueCode: '4.0' },
      ],
    },
  ]);
  expect((await server.send('GET', '/stu3/$versions')).status).toBe(404);
});
