import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { staleStatus, startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const tag = (code: string, display?: string) => ({
  system: 'http://t',
  code,
  ...(display === undefined ? {} : { display }),
});
const metaParameters = (meta: object) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: meta }],
});

interface ParametersJson {
  readonly parameter?: readonly { readonly name: string; readonly valueMeta: Record<string, unknown> }[];
}
const returned = (json: unknown): Record<string, unknown> | undefined =>
  (json as ParametersJson).parameter?.find(({ name }) => name === 'return')?.valueMeta;

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;

  test('$meta shows the meta of a resource, by GET and by POST', async () => {
    const body = { resourceType: 'Patient', id: 'm1', meta: { profile: ['http://a/p'], tag: [tag('a')] } };
    const { json } = await server.send('PUT', `${root}/Patient/m1`, { body });
    const get = await server.send('GET', `${root}/Patient/m1/$meta`);
    expect([get.status, get.json.resourceType, returned(get.json)]).toEqual([200, 'Parameters', json.meta]);
    expect((await server.send('POST', `${root}/Patient/m1/$meta`)).json).toEqual(get.json);
    expect((await server.send('GET', `${root}/Patient/m1/%24meta`)).json).toEqual(get.json);
    expect((await server.send('HEAD', `${root}/Patient/m1/$meta`)).status).toBe(200);
  });

  test('$meta-add adds labels as a set, in a new version, and leaves the rest alone', async () => {
    const url = `${root}/Patient/m2`;
    const meta = { profile: ['http://a/p'], tag: [tag('a', 'A')] };
    await server.send('PUT', url, { body: { resourceType: 'Patient', id: 'm2', meta, active: true } });
    const added = {
      versionId: '77',
      profile: ['http://a/p', 'http://a/q'],
      security: [{ code: 'R' }],
      tag: [tag('a', 'other display'), tag('b'), tag('b')],
    };
    const { status, json } = await server.send('POST', `${url}/$meta-add`, { body: metaParameters(added) });
    expect(status).toBe(200);
    const expected = {
      profile: ['http://a/p', 'http://a/q'],
      security: [{ code: 'R' }],
      tag: [tag('a', 'A'), tag('b')],
    };
    expect(returned(json)).toMatchObject({ ...expected, versionId: '2' });
    const read = await server.send('GET', url);
    expect(read.json).toMatchObject({ active: true, meta: { ...expected, versionId: '2' } });
    const found = await server.send('GET', `${root}/Patient?_tag=http://t|b&_id=m2`);
    expect(found.json.total).toBe(1);
    await server.send('POST', `${url}/$meta-add`, { body: metaParameters(added) });
    expect((await server.send('GET', url)).headers.etag).toBe('W/"2"');
  });

  test('$meta-delete takes labels away; those that are not there are no error', async () => {
    const url = `${root}/Patient/m3`;
    const meta = { profile: ['http://a/p'], tag: [tag('a'), tag('b')] };
    await server.send('PUT', url, { body: { resourceType: 'Patient', id: 'm3', meta } });
    const body = metaParameters({ profile: ['http://a/p'], tag: [tag('a', 'any'), tag('never')] });
    const { json } = await server.send('POST', `${url}/$meta-delete`, { body });
    expect([returned(json)?.['tag'], returned(json)?.['profile']]).toEqual([[tag('b')], undefined]);
    const again = await server.send('POST', `${url}/$meta-delete`, { body });
    expect([again.status, returned(again.json)?.['versionId']]).toEqual([200, '2']);
  });

  test('$meta-add and $meta-delete keep If-Match, alone and in a batch, and X-Consistency', async () => {
    const url = `${root}/Patient/m4`;
    await server.send('PUT', url, { body: { resourceType: 'Patient', id: 'm4' } });
    const body = metaParameters({ tag: [tag('d')] });
    const call = async (name: string, headers: Record<string, string>) =>
      server.send('POST', `${url}/$meta-${name}`, { body, headers });
    const stale = await call('add', { 'if-match': 'W/"7"' });
    expect([stale.status, stale.json.issue[0].code]).toEqual([staleStatus[version], 'conflict']);
    const none = await call('add', { 'if-match': 'x' });
    expect([none.status, none.json.issue[0].expression]).toEqual([400, ['http.If-Match']]);
    const added = await call('add', { 'if-match': 'W/"1"', 'x-consistency': 'strong' });
    expect([added.status, added.headers['x-consistency']]).toEqual([200, 'strong']);
    expect((await server.send('GET', `${root}/Patient?_tag=http://t|d&_id=m4`)).json.total).toBe(1);
    expect((await call('delete', { 'if-match': 'W/"1"' })).status).toBe(staleStatus[version]);
    const request = { method: 'POST', url: 'Patient/m4/$meta-delete' };
    const entry = ['W/"1"', 'W/"2"'].map((ifMatch) => ({ resource: body, request: { ...request, ifMatch } }));
    const batch = await server.send('POST', root, { body: { resourceType: 'Bundle', type: 'batch', entry } });
    const statuses = batch.json.entry.map(({ response }) => response?.status.slice(0, 3));
    expect(statuses).toEqual([String(staleStatus[version]), '200']);
    expect((await server.send('GET', url)).headers.etag).toBe('W/"3"');
  });

  test('$meta of a type and of the system tells the labels in use', async () => {
    for (const [type, id] of [
      ['Organization', 'in-use'],
      ['Location', 'in-use'],
    ] as const) {
      const body = { resourceType: type, id, name: 'x', meta: { tag: [tag(type)], profile: [`http://a/${type}`] } };
      await server.send('PUT', `${root}/${type}/${id}`, { body });
    }
    const ofType = returned((await server.send('GET', `${root}/Organization/$meta`)).json);
    expect(ofType).toEqual({ profile: ['http://a/Organization'], tag: [tag('Organization')] });
    const ofSystem = returned((await server.send('GET', `${root}/$meta`)).json);
    expect(ofSystem?.['tag']).toEqual(expect.arrayContaining([tag('Organization'), tag('Location'), tag('b')]));
    expect(ofSystem?.['versionId']).toBeUndefined();
    expect((await server.send('GET', `${root}/Account/$meta`)).json).toEqual({ resourceType: 'Parameters' });
  });

  test('of what is not there, was deleted or may not be seen, nothing is told', async () => {
    await server.send('PUT', `${root}/Patient/p1`, {
      body: { resourceType: 'Patient', id: 'p1', meta: { tag: [tag('p1')] } },
    });
    await server.send('PUT', `${root}/Patient/p2`, {
      body: { resourceType: 'Patient', id: 'p2', meta: { tag: [tag('p2')] } },
    });
    await server.send('PUT', `${root}/Patient/gone`, { body: { resourceType: 'Patient', id: 'gone' } });
    await server.send('DELETE', `${root}/Patient/gone`);
    const statuses = async (id: string, as?: string) => [
      (await server.send('GET', `${root}/Patient/${id}/$meta`, as === undefined ? {} : { as })).status,
      (
        await server.send('POST', `${root}/Patient/${id}/$meta-add`, {
          body: metaParameters({ tag: [tag('x')] }),
          ...(as === undefined ? {} : { as }),
        })
      ).status,
    ];
    expect(await statuses('never')).toEqual([404, 404]);
    expect(await statuses('gone')).toEqual([410, 410]);
    expect(await statuses('p1', 'patient-1')).toEqual([200, 403]);
    expect(await statuses('p2', 'patient-1')).toEqual([404, 403]);
    expect(await statuses('p1', 'nobody')).toEqual([403, 403]);
    const seen = returned((await server.send('GET', `${root}/Patient/$meta`, { as: 'patient-1' })).json);
    expect(seen?.['tag']).toEqual([tag('p1')]);
    const all = returned((await server.send('GET', `${root}/$meta`, { as: 'patient-1' })).json);
    expect(all?.['tag']).not.toContainEqual(tag('p2'));
    expect((await server.send('GET', `${root}/$meta`, { as: 'nobody' })).status).toBe(403);
  });
});
