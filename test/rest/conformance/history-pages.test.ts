import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { type AnswerJson, entriesOf, startTestServer, type TestServer } from '../../support/server.js';

// https://hl7.org/fhir/R4/http.html#history

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const get = (url: string, as = 'practitioner') => server.send('GET', url, { as });
const relation = (json: AnswerJson, name: string): string | undefined =>
  json.link.find((link) => link.relation === name)?.url;
const shown = (json: AnswerJson): string[] =>
  entriesOf(json).map(({ resource }) => `${resource?.resourceType ?? ''}/${resource?.meta.versionId ?? ''}`);
/** All pages from a URL on. */
async function pages(url: string): Promise<string[][]> {
  const found: string[][] = [];
  for (let next: string | undefined = url; next !== undefined;) {
    const { json } = await get(next);
    found.push(shown(json));
    next = relation(json, 'next');
  }
  return found;
}

describe.each(fhirVersions)('history, %s', (version) => {
  const root = `/${version}`;
  const put = async (type: string, id: string, more: object): Promise<AnswerJson> =>
    (await server.send('PUT', `${root}/${type}/${id}`, { body: { resourceType: type, id, ...more } })).json;

  test('the total of later pages of a resource does not count what was written since the first', async () => {
    for (const text of ['1', '2', '3', '4']) await put('Basic', 'counted', { code: { text } });
    const first = await get(`${root}/Basic/counted/_history?_count=2`);
    await put('Basic', 'counted', { code: { text: '5' } });
    const second = await get(relation(first.json, 'next') ?? '');
    expect([first.json.total, second.json.total]).toEqual([4, 4]);
    expect([...shown(first.json), ...shown(second.json)]).toHaveLength(4);
    const oldest = await get(`${root}/Basic/counted/_history?_count=2&_sort=_lastUpdated`);
    await put('Basic', 'counted', { code: { text: '6' } });
    // Oldest first, what is written meanwhile is on the last page, and counts.
    const rest = await pages(relation(oldest.json, 'next') ?? '');
    expect(rest.flat()).toHaveLength(4);
  });

  test('_type chooses among the types of the system, commas for any of them, repeated for all of them', async () => {
    const basic = await put('Basic', 'typed', { code: { text: 'x' } });
    await put('Flag', 'typed', { status: 'active', code: { text: 'x' }, subject: { reference: 'Patient/p9' } });
    const typesOf = async (query: string): Promise<string[]> => {
      const since = `_since=${basic.meta.lastUpdated}`;
      const found = (await pages(`${root}/_history?${since}&${query}`)).flat();
      return [...new Set(found.map((each) => each.split('/')[0] ?? ''))].sort();
    };
    expect(await typesOf('_type=Basic')).toEqual(['Basic']);
    expect(await typesOf('_type=Basic,Flag&_count=1')).toEqual(['Basic', 'Flag']);
    expect(await typesOf('_type=Basic,Flag&_type=Flag,Patient')).toEqual(['Flag']);
    const { json } = await get(`${root}/_history?_type=Flag&_count=1`);
    expect(relation(json, 'self')).toContain('_type=Flag');
    const count = await get(`${root}/_history?_type=Flag&_summary=count`);
    const ofType = await get(`${root}/Flag/_history?_summary=count`);
    expect(count.json.total).toBe(ofType.json.total);
  });

  test.each([
    ['_history?_type=Nonsense', 400],
    ['_history?_type=Basic&_type=Flag', 400],
    ['Basic/_history?_type=Basic', 400],
  ])('%s is refused', async (target, status) => {
    expect((await get(`${root}/${target}`)).status).toBe(status);
  });

  test('a type that the role may not see is refused by name', async () => {
    expect((await get(`${root}/_history?_type=AuditEvent`, 'non-practitioner')).status).toBe(403);
  });
});
