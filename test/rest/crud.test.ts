import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { gzipSync, gunzipSync } from 'node:zlib';
import { fhirVersions } from '../../fhir/version.js';
import { issueCode, staleStatus, startTestServer, type TestResponse, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const patient = (family: string): object => ({ resourceType: 'Patient', name: [{ family }] });

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;

  test('create stores version 1 under a new id and says where', async () => {
    const sent = {
      resourceType: 'Patient',
      id: 'mine',
      meta: { versionId: '7', profile: ['http://a/p'] },
      active: true,
    };
    const { status, headers, json } = await server.send('POST', `${root}/Patient`, { body: sent });
    expect(status).toBe(201);
    expect(json.id).not.toBe('mine');
    expect(headers).toMatchObject({
      etag: 'W/"1"',
      location: `${server.base(version)}/Patient/${json.id}/_history/1`,
      'content-type': 'application/fhir+json; charset=utf-8',
      'last-modified': new Date(json.meta.lastUpdated).toUTCString(),
    });
    expect(json).toEqual({
      resourceType: 'Patient',
      id: json.id,
      meta: { versionId: '1', lastUpdated: json.meta.lastUpdated, profile: ['http://a/p'] },
      active: true,
    });
    const read = await server.send('GET', headers.location ?? '');
    expect(read.json).toEqual(json);
    expect((await server.send('GET', `${root}/Patient/${json.id}`)).text).toBe(read.text);
  });

  test('update makes a new version; the old one stays readable', async () => {
    const url = `${root}/Patient/up-1`;
    const first = await server.send('PUT', url, { body: { ...patient('One'), id: 'up-1' } });
    expect([first.status, first.headers.etag]).toEqual([201, 'W/"1"']);
    const second = await server.send('PUT', url, { body: { ...patient('Two'), id: 'up-1' } });
    expect([second.status, second.headers.etag]).toEqual([200, 'W/"2"']);
    expect((await server.send('GET', url)).json.name[0].family).toBe('Two');
    const old = await server.send('GET', `${url}/_history/1`);
    expect([old.json.name[0].family, old.headers.etag]).toEqual(['One', 'W/"1"']);
    expect(old.headers['content-location']).toBe(`${server.base(version)}/Patient/up-1/_history/1`);
  });

  test('update with If-Match of another version is refused and changes nothing', async () => {
    const url = `${root}/Patient/match-1`;
    const body = { ...patient('One'), id: 'match-1' };
    await server.send('PUT', url, { body });
    const stale = await server.send('PUT', url, { body, headers: { 'if-match': 'W/"4"' } });
    expect([stale.status, stale.json.issue[0].code]).toEqual([staleStatus[version], 'conflict']);
    const fresh = await server.send('PUT', url, { body, headers: { 'if-match': 'W/"1"' } });
    expect([fresh.status, fresh.headers.etag]).toEqual([200, 'W/"2"']);
    const nothing = await server.send('PUT', `${root}/Patient/match-2`, {
      body: { ...body, id: 'match-2' },
      headers: { 'if-match': 'W/"1"' },
    });
    expect(nothing.status).toBe(staleStatus[version]);
    expect((await server.send('GET', `${root}/Patient/match-2`)).status).toBe(404);
  });

  test('delete leaves 410 and the versions; a PUT afterwards continues the numbering', async () => {
    const url = `${root}/Patient/gone-1`;
    await server.send('PUT', url, { body: { ...patient('One'), id: 'gone-1' } });
    const stale = await server.send('DELETE', url, { headers: { 'if-match': 'W/"9"' } });
    expect(stale.status).toBe(staleStatus[version]);
    const deleted = await server.send('DELETE', url);
    expect([deleted.status, deleted.text, deleted.headers.etag]).toEqual([204, '', 'W/"2"']);
    const again = await server.send('DELETE', url);
    expect([again.status, again.headers.etag]).toEqual([204, 'W/"2"']);
    const read = await server.send('GET', url);
    expect([read.status, read.json.issue[0].code]).toEqual([410, issueCode(version, 'deleted')]);
    expect((await server.send('GET', `${url}/_history/2`)).status).toBe(410);
    expect((await server.send('GET', `${url}/_history/1`)).status).toBe(200);
    expect((await server.send('GET', `${root}/Patient?_id=gone-1`)).json.total).toBe(0);
    const back = await server.send('PUT', url, { body: { ...patient('Two'), id: 'gone-1' } });
    expect([back.status, back.headers.etag]).toEqual([201, 'W/"3"']);
    expect((await server.send('DELETE', `${root}/Patient/never`)).status).toBe(204);
  });

  test('instance history tells every version, newest first, by pages', async () => {
    const url = `${root}/Patient/hist-1`;
    for (const family of ['One', 'Two']) await server.send('PUT', url, { body: { ...patient(family), id: 'hist-1' } });
    await server.send('DELETE', url);
    const { json } = await server.send('GET', `${url}/_history`);
    expect(json).toMatchObject({ resourceType: 'Bundle', type: 'history', total: 3 });
    expect(json.entry.map((entry) => [entry.request?.method, entry.resource?.name[0].family])).toEqual([
      ['DELETE', undefined],
      ['PUT', 'Two'],
      ['PUT', 'One'],
    ]);
    const full = `${server.base(version)}/Patient/hist-1`;
    // bdl-7: in STU3 two deletions would repeat a fullUrl without a versionId.
    expect(json.entry.map((entry) => entry.fullUrl)).toEqual([version === 'stu3' ? undefined : full, full, full]);
    // bdl-4: STU3 forbids response in history, R4 asks for it.
    const statuses = json.entry.map((entry) => entry.response?.status);
    expect(statuses).toEqual(
      version === 'stu3' ? [undefined, undefined, undefined] : ['204 No Content', '200 OK', '201 Created'],
    );
    const first = await server.send('GET', `${url}/_history?_count=2`);
    const next = first.json.link.find((link) => link.relation === 'next')?.url ?? '';
    const second = await server.send('GET', next);
    expect(second.json.entry.map((entry) => entry.resource?.meta.versionId)).toEqual(['1']);
    expect(second.json.link.some((link) => link.relation === 'next')).toBe(false);
  });

  test('conditional create: none, one, several', async () => {
    const body = { resourceType: 'Patient', identifier: [{ system: 'urn:s', value: 'cc' }] };
    const headers = { 'if-none-exist': 'identifier=urn:s|cc' };
    const first = await server.send('POST', `${root}/Patient`, { body, headers });
    const second = await server.send('POST', `${root}/Patient`, { body, headers });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.json).toEqual(first.json);
    expect(second.headers.location).toBe(first.headers.location);
    await server.send('POST', `${root}/Patient`, { body });
    const third = await server.send('POST', `${root}/Patient`, { body, headers });
    expect([third.status, third.json.issue[0].code, third.json.issue[0].expression]).toEqual([
      412,
      issueCode(version, 'multiple-matches'),
      ['http.If-None-Exist'],
    ]);
  });

  test('a claim whose resource was deleted does not block a new conditional create', async () => {
    const body = { resourceType: 'Patient', identifier: [{ system: 'urn:s', value: 'claimed' }] };
    const headers = { 'if-none-exist': 'identifier=urn:s|claimed' };
    const first = await server.send('POST', `${root}/Patient`, { body, headers });
    await server.send('DELETE', `${root}/Patient/${first.json.id}`);
    const second = await server.send('POST', `${root}/Patient`, { body, headers });
    expect(second.status).toBe(201);
    expect(second.json.id).not.toBe(first.json.id);
  });

  test('search answers by GET and by POST alike, with links that page to the end', async () => {
    for (let n = 0; n < 5; n += 1)
      await server.send('POST', `${root}/Patient`, { body: patient(`Paging${String(n)}`) });
    const get = await server.send('GET', `${root}/Patient?name=paging&_sort=name&_count=2`);
    expect(get.json).toMatchObject({ type: 'searchset', total: 5 });
    expect(get.json.link[0]).toEqual({
      relation: 'self',
      url: `${server.base(version)}/Patient?name=paging&_sort=name&_count=2`,
    });
    const post = await server.send('POST', `${root}/Patient/_search?_count=2`, {
      body: 'name=paging&_sort=name',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(post.json.entry).toEqual(get.json.entry);
    const families: string[] = [];
    for (let page = get; ;) {
      families.push(...page.json.entry.map((entry) => entry.resource?.name[0].family ?? ''));
      const next = page.json.link.find((link) => link.relation === 'next')?.url;
      if (next === undefined) break;
      page = await server.send('GET', next);
      expect(page.status).toBe(200);
    }
    expect(families).toEqual(['Paging0', 'Paging1', 'Paging2', 'Paging3', 'Paging4']);
  });

  test('the links of a page lead to its neighbours, to the first and to the last one, and keep includes', async () => {
    await server.send('PUT', `${root}/Organization/page-org`, {
      body: { resourceType: 'Organization', id: 'page-org', name: 'Pages' },
    });
    for (let n = 0; n < 5; n += 1) {
      const managingOrganization = { reference: 'Organization/page-org' };
      await server.send('POST', `${root}/Patient`, { body: { ...patient(`Link${String(n)}`), managingOrganization } });
    }
    const query = 'name=link&_sort=-name&_count=2&_include=Patient:organization';
    const first = await server.send('GET', `${root}/Patient?${query}`);
    const follow = async (page: TestResponse, relation: string): Promise<TestResponse> => {
      const url = page.json.link.find((link) => link.relation === relation)?.url ?? 'no such link';
      const followed = await server.send('GET', url);
      expect([relation, followed.status]).toEqual([relation, 200]);
      expect(followed.json.link[0]).toEqual({ relation: 'self', url });
      return followed;
    };
    const shown = ({ json }: TestResponse): string[] =>
      json.entry.map(({ resource }) => resource?.name[0].family ?? resource?.id ?? '');
    const relations = ({ json }: TestResponse): string[] => json.link.map(({ relation }) => relation);
    const pages = [
      ['Link4', 'Link3', 'page-org'],
      ['Link2', 'Link1', 'page-org'],
      ['Link0', 'page-org'],
    ] as const;
    const familiesOf = (page: TestResponse): string[] =>
      shown(page).map((text) => (text === 'Pages' ? 'page-org' : text));

    expect([familiesOf(first), relations(first)]).toEqual([pages[0], ['self', 'first', 'next', 'last']]);
    const second = await follow(first, 'next');
    expect([familiesOf(second), relations(second)]).toEqual([pages[1], ['self', 'first', 'previous', 'next', 'last']]);
    const third = await follow(second, 'next');
    expect([familiesOf(third), relations(third)]).toEqual([pages[2], ['self', 'first', 'previous', 'last']]);
    expect(familiesOf(await follow(third, 'previous'))).toEqual(pages[1]);
    expect(familiesOf(await follow(await follow(third, 'previous'), 'previous'))).toEqual(pages[0]);
    expect(familiesOf(await follow(second, 'last'))).toEqual(pages[2]);
    expect(familiesOf(await follow(third, 'first'))).toEqual(pages[0]);
    for (const page of [first, second, third]) expect(page.json.total).toBe(5);
    expect(first.json.link[2]?.url).not.toContain('link'); // what was searched for does not stand in the link
  });

  test('pages show each resource once although others come and go meanwhile', async () => {
    const create = (n: number) => {
      const id = `walk-${String(n).padStart(2, '0')}`;
      return server.send('PUT', `${root}/Patient/${id}`, { body: { ...patient('Walk'), id } });
    };
    for (let n = 10; n < 20; n += 1) await create(n);
    const seen: string[] = [];
    let url: string | undefined = `${root}/Patient?name=walk&_sort=_id&_count=3`;
    for (let step = 0; url !== undefined; step += 1) {
      const { json } = await server.send('GET', url);
      seen.push(...json.entry.map(({ resource }) => resource?.id ?? ''));
      url = json.link.find(({ relation }) => relation === 'next')?.url;
      // Before what was seen already: one more, and one of them less.
      await create(9 - step);
      await server.send('DELETE', `${root}/Patient/${seen[0] ?? ''}`);
    }
    expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => `walk-${String(n + 10)}`));
  });

  test('lenient handling answers without the unknown parameter, and says so', async () => {
    const strict = await server.send('GET', `${root}/Patient?nonsense=1`);
    expect(strict.status).toBe(400);
    const { json } = await server.send('GET', `${root}/Patient?nonsense=1&_count=1`, {
      headers: { prefer: 'handling=lenient' },
    });
    expect(json.link[0].url).not.toContain('nonsense');
    expect(json.entry.at(-1)).toMatchObject({
      search: { mode: 'outcome' },
      resource: { issue: [{ severity: 'warning' }] },
    });
  });

  test('includes stand beside the matches', async () => {
    const org = (
      await server.send('POST', `${root}/Organization`, { body: { resourceType: 'Organization', name: 'Inc' } })
    ).json;
    await server.send('PUT', `${root}/Patient/inc-1`, {
      body: { resourceType: 'Patient', id: 'inc-1', managingOrganization: { reference: `Organization/${org.id}` } },
    });
    const { json } = await server.send('GET', `${root}/Patient?_id=inc-1&_include=Patient:organization`);
    expect(json.total).toBe(1);
    expect(json.entry.map((entry) => [entry.resource?.resourceType, entry.search?.mode])).toEqual([
      ['Patient', 'match'],
      ['Organization', 'include'],
    ]);
    expect(json.entry[1]?.fullUrl).toBe(`${server.base(version)}/Organization/${org.id}`);
  });

  test('digits of decimals come back as they came', async () => {
    const body = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.00}}`;
    const created = await server.send('POST', `${root}/Observation`, {
      body,
      headers: { 'content-type': 'application/fhir+json' },
    });
    expect(created.text).toContain('"value":1.00');
    const pretty = await server.send('GET', `${root}/Observation/${created.json.id}?_pretty=true`);
    expect(pretty.text).toContain('    "value": 1.00\n');
    expect(pretty.json).toEqual(created.json);
  });

  test('conditional read answers 304', async () => {
    const { headers, json } = await server.send('POST', `${root}/Patient`, { body: patient('Cache') });
    const url = `${root}/Patient/${json.id}`;
    const same = await server.send('GET', url, { headers: { 'if-none-match': headers.etag ?? '' } });
    expect([same.status, same.text, same.headers.etag]).toEqual([304, '', 'W/"1"']);
    expect((await server.send('GET', url, { headers: { 'if-none-match': 'W/"2"' } })).status).toBe(200);
    const since = { 'if-modified-since': headers['last-modified'] ?? '' };
    expect((await server.send('GET', url, { headers: since })).status).toBe(304);
    const earlier = { 'if-modified-since': new Date(Date.now() - 3_600_000).toUTCString() };
    expect((await server.send('GET', url, { headers: earlier })).status).toBe(200);
  });

  test('HEAD answers as GET without a body', async () => {
    const { json } = await server.send('POST', `${root}/Patient`, { body: patient('Head') });
    const get = await server.send('GET', `${root}/Patient/${json.id}`);
    const head = await server.send('HEAD', `${root}/Patient/${json.id}`);
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', get.headers.etag]);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  test('Prefer decides what a write answers', async () => {
    const prefer = (value: string) => ({ body: patient('Prefer'), headers: { prefer: value } });
    const minimal = await server.send('POST', `${root}/Patient`, prefer('return=minimal'));
    expect([minimal.status, minimal.text]).toEqual([201, '']);
    expect(minimal.headers.location).toContain('/_history/1');
    const told = await server.send('POST', `${root}/Patient`, prefer('return=OperationOutcome'));
    expect([told.status, told.json.resourceType, told.json.issue[0].severity]).toEqual([
      201,
      'OperationOutcome',
      'information',
    ]);
    const deleted = await server.send(
      'DELETE',
      new URL(told.headers.location ?? '').pathname.replace('/_history/1', ''),
      {
        headers: { prefer: 'return=OperationOutcome' },
      },
    );
    expect([deleted.status, deleted.json.resourceType]).toEqual([200, 'OperationOutcome']);
  });

  test('compressed bodies are read, large answers are compressed for who accepts it', async () => {
    const body = gzipSync(
      JSON.stringify({
        ...patient('Zip'),
        text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'long '.repeat(4000)}</div>` },
      }),
    );
    const headers = { 'content-type': 'application/fhir+json', 'content-encoding': 'gzip' };
    const created = await server.send('POST', `${root}/Patient`, { body, headers });
    expect(created.status).toBe(201);
    const url = `${root}/Patient/${created.json.id}`;
    const zipped = await server.send('GET', url, { headers: { 'accept-encoding': 'gzip, br' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(zipped.bytes).toString())).toEqual(created.json);
    const refused = await server.send('GET', url, { headers: { 'accept-encoding': 'gzip;q=0' } });
    expect([refused.headers['content-encoding'], refused.json]).toEqual([undefined, created.json]);
  });

  test('metadata is open, and a valid statement of its version', async () => {
    const { status, json } = await server.send('GET', `${root}/metadata`, { as: null });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      resourceType: 'CapabilityStatement',
      fhirVersion: version === 'r4' ? '4.0.1' : '3.0.2',
      implementation: { url: server.base(version) },
    });
    expect(json.acceptUnknown).toBe(version === 'r4' ? undefined : 'no');
    const stored = await server.send('POST', `${root}/CapabilityStatement`, { body: json });
    expect(stored.status).toBe(201); // our own validation accepts it
  });
});
