import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirVersions } from '../../../fhir/version.js';
import { type AnswerJson, entriesOf, isOnDynamoDb, startTestServer, type TestServer } from '../../support/server.js';

// A client may take a page link apart and ask for another page size, as Medplum's does.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const ids = Array.from({ length: 11 }, (_, place) => `p${String(place).padStart(2, '0')}`);
const idsOf = (json: AnswerJson): string[] => entriesOf(json).map(({ resource }) => resource?.id ?? '');
const linkOf = ({ link }: AnswerJson, relation: string): string | undefined =>
  link.find((each) => each.relation === relation)?.url;

describe.each(fhirVersions)('page sizes, %s', (version) => {
  const root = `/${version}`;
  const get = async (url: string): Promise<AnswerJson> => {
    const { status, json, text } = await server.send('GET', url);
    if (status !== 200) throw new Error(text);
    return json;
  };

  beforeAll(async () => {
    const entry = ids.map((id) => ({
      resource: { resourceType: 'Patient', id },
      request: { method: 'PUT', url: `Patient/${id}` },
    }));
    await server.send('POST', root, { body: { resourceType: 'Bundle', type: 'transaction', entry } });
  });

  test('are changed by _count beside the token, and the pages after that keep the new one', async () => {
    const first = await get(`${root}/Patient?_sort=_id&_count=2`);
    const second = await get(`${linkOf(first, 'next') ?? ''}&_count=5`);
    expect(idsOf(second)).toEqual(ids.slice(2, 7));
    expect(linkOf(second, 'self')).toBe(`${linkOf(first, 'next') ?? ''}&_count=5`);
    expect(idsOf(await get(linkOf(second, 'next') ?? ''))).toEqual(ids.slice(7, 11));
    expect((await get(`${linkOf(first, 'next') ?? ''}&_count=0`)).total).toBe(ids.length);
  });

  test('whatever they are, and whenever they change, going there and back passes every match once', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 12, maxLength: 12 });
    const walk = async (relation: string, begin: string, counts: readonly number[]): Promise<string[][]> => {
      const pages = [await get(begin)];
      for (const count of counts) {
        const link = linkOf(pages.at(-1) as AnswerJson, relation);
        if (link === undefined) break;
        pages.push(await get(`${link}&_count=${String(count)}`));
      }
      return pages.map(idsOf);
    };
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 4 }), async (counts, size) => {
        const begin = `${root}/Patient?_sort=_id&_count=${String(size)}`;
        expect((await walk('next', begin, counts)).flat()).toEqual(ids);
        const last = linkOf(await get(begin), 'last') ?? '';
        expect((await walk('previous', last, counts)).reverse().flat()).toEqual(ids);
      }),
      { numRuns: isOnDynamoDb ? 2 : 12 },
    );
  });

  test.each([
    ['_count=x', '_count'],
    ['_count=-1', '_count'],
    ['name=x', '_page'],
    ['_count=2&_sort=name', '_page'],
  ])('are all that may be changed: %s is refused', async (beside, place) => {
    const next = linkOf(await get(`${root}/Patient?_count=1`), 'next') ?? '';
    const { status, json } = await server.send('GET', `${next}&${beside}`);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
  });
});
