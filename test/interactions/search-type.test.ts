import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compartmentsOf } from '../../fhir/compartment.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import type { Resource } from '../../fhir/resource.js';
import { conditionalMatches, searchType, type TypeSearch } from '../../interactions/search-type.js';
import type { SearchPage } from '../../interactions/search-page.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { type EmbeddedServers, openServers } from '../../local/compose.js';
import { nextVersion, tombstone } from '../../persistence/version.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import { callerOf } from '../support/server.js';

const folder = mkdtempSync(join(tmpdir(), 'search-type-'));
let servers: EmbeddedServers;
let server: FhirServer;
const practitioner = callerOf('practitioner');

beforeAll(async () => {
  servers = await openServers(folder);
  server = servers.servers.r4;
  await put(
    ...Array.from({ length: 45 }, (_, i) => ({
      resourceType: 'Patient',
      id: `p${String(i)}`,
      name: [{ family: i % 3 === 0 ? 'Zed' : `Name${String(i).padStart(2, '0')}` }],
      managingOrganization: { reference: `Organization/o${String(i % 2)}` },
    })),
    { resourceType: 'Organization', id: 'o0', name: 'Zero', partOf: { reference: 'Organization/top' } },
    { resourceType: 'Organization', id: 'o1', name: 'One' },
    { resourceType: 'Organization', id: 'top', name: 'Top' },
    ...['p1', 'p1', 'p2'].map((id, i) => observation(`obs${String(i)}`, `Patient/${id}`)),
  );
});
afterAll(async () => {
  await servers.close();
  rmSync(folder, { recursive: true });
});

const observation = (id: string, reference: string, extra: object = {}): Resource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
  subject: { reference },
  ...extra,
});

/** Writes resources in one commit, as creates or updates. */
async function put(...resources: Resource[]): Promise<void> {
  const writes = await Promise.all(
    resources.map(async (resource) => {
      const id = resource.id ?? '';
      const previous = await server.store.read({ type: resource.resourceType, id });
      const next = nextVersion({
        resource,
        id,
        method: 'PUT',
        now: Date.now(),
        compartments: compartmentsOf(server.definitions, resource),
        ...(previous === undefined ? {} : { previous }),
      });
      return { kind: 'put' as const, next, ...(previous === undefined ? {} : { previous }) };
    }),
  );
  expect(await server.store.commit(writes)).toEqual({ committed: true });
}

const search = (query: string, more: Partial<TypeSearch> = {}, caller: Caller = practitioner): Promise<SearchPage> => {
  const [type = '', parameters = ''] = query.split('?');
  return searchType(server, caller, {
    type,
    parameters: [...new URLSearchParams(parameters)],
    handling: 'strict',
    ...more,
  });
};
const ids = (versions: readonly StoredVersion[]): string[] => versions.map(({ type, id }) => `${type}/${id}`);
const failure = async (answer: Promise<unknown>): Promise<[number, string]> => {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OperationOutcomeError)) throw new Error('it was not refused', { cause: error });
  return [error.status, error.message];
};

describe('a type search', () => {
  test.each([
    'Patient?_count=10',
    'Patient?_count=10&_sort=-family',
    'Patient?_count=10&family=z,n&_sort=family,-_id',
    'Patient?_count=10&family:contains=E',
  ])('%s leads by its links through all pages and back, each match once, in one order', async (query) => {
    const whole = ids((await search(query, { count: 1000 })).matches);
    expect(whole).toHaveLength(45);
    const pages: SearchPage[] = [await search(query)];
    for (let next = pages[0]?.links.next; next !== undefined; next = pages.at(-1)?.links.next) {
      pages.push(await search('Patient', { cursor: next }));
    }
    expect(pages.map(({ offset }) => offset)).toEqual([0, 10, 20, 30, 40]);
    expect(pages.flatMap(({ matches }) => ids(matches))).toEqual(whole);
    const back: SearchPage[] = [];
    for (let link = pages.at(-1)?.links.previous; link !== undefined; link = back.at(-1)?.links.previous) {
      back.push(await search('Patient', { cursor: link }));
    }
    expect(back.reverse().map(({ matches }) => ids(matches))).toEqual(
      pages.slice(0, -1).map(({ matches }) => ids(matches)),
    );
    expect(back.map(({ offset }) => offset)).toEqual([0, 10, 20, 30]);
    const middle = pages[2];
    expect(ids((await search('Patient', { cursor: middle?.links.first ?? '' })).matches)).toEqual(whole.slice(0, 10));
    const last = middle?.links.last === undefined ? undefined : await search('Patient', { cursor: middle.links.last });
    if (!query.includes('contains')) {
      expect(middle?.total).toBe(45);
      expect(last).toMatchObject({ offset: 40, total: 45, count: 10 });
      expect(last?.links.next).toBeUndefined();
      expect(ids(last?.matches ?? [])).toEqual(whole.slice(40));
      expect(ids((await search('Patient', { cursor: last?.links.previous ?? '' })).matches)).toEqual(
        whole.slice(30, 40),
      );
    }
  });

  test('passes over matches by offset, whether the index decides alone or not', async () => {
    for (const query of ['Patient?_sort=family', 'Patient?_sort=family&family:contains=e']) {
      const whole = ids((await search(query, { count: 1000 })).matches);
      const page = await search(query, { offset: 40, count: 3 });
      expect(ids(page.matches)).toEqual(whole.slice(40, 43));
      expect(page.offset).toBe(40);
      expect(ids((await search('Patient', { cursor: page.links.next ?? '' })).matches)).toEqual(whole.slice(43));
      expect(ids((await search('Patient', { cursor: page.links.previous ?? '' })).matches)).toEqual(
        whole.slice(37, 40),
      );
      expect((await search(query, { offset: 45 })).matches).toEqual([]);
    }
  });

  test('a page link works for its own search, type and person only', async () => {
    const { links } = await search('Patient?_count=10&family=n');
    const cursor = links.next ?? '';
    expect(await failure(search('Observation', { cursor }))).toEqual([400, expect.stringContaining('page link')]);
    expect(await failure(search('Patient?family=z', { cursor }))).toEqual([
      400,
      expect.stringContaining('other parameters'),
    ]);
    const other = { ...practitioner, principal: { ...practitioner.principal, subject: 'someone-else' } };
    expect(await failure(search('Patient', { cursor }, other))).toEqual([400, expect.stringContaining('page link')]);
    expect(await failure(search('Patient', { cursor: `${cursor}x` }))).toEqual([
      400,
      expect.stringContaining('page link'),
    ]);
    expect((await search('Patient?_count=10&family=n', { cursor })).matches).toHaveLength(10);
  });

  test('tells the total when asked, or when it is quickly told, and never when not wanted', async () => {
    expect((await search('Patient?_count=5&family=zed')).total).toBe(15);
    expect((await search('Patient?family:contains=ZE&_count=5&_total=accurate')).total).toBe(15);
    expect((await search('Patient?family=zed&_total=none')).total).toBeUndefined();
    expect(await search('Patient?family=zed&_summary=count')).toMatchObject({ total: 15, matches: [], count: 0 });
    expect(await search('Patient?family:exact=Zed&_count=0')).toMatchObject({ total: 15, matches: [] });
    expect(await search('Patient?family:exact=zed&_count=0')).toMatchObject({ total: 0, matches: [] });
  });

  test('sees writes and deletes at once', async () => {
    await put(observation('moving', 'Patient/p30'));
    expect(ids((await search('Observation?subject=Patient/p30')).matches)).toEqual(['Observation/moving']);
    await put(observation('moving', 'Patient/p31'));
    expect(ids((await search('Observation?subject=Patient/p30')).matches)).toEqual([]);
    expect(ids((await search('Observation?subject=Patient/p31')).matches)).toEqual(['Observation/moving']);
    const previous = await server.store.read({ type: 'Observation', id: 'moving' });
    if (previous === undefined) throw new Error('not written');
    await server.store.commit([{ kind: 'put', next: tombstone(previous, Date.now()), previous }]);
    expect(ids((await search('Observation?subject=Patient/p31')).matches)).toEqual([]);
  });

  test('believes the current version, not the index: what an index still shows by mistake is dropped and replaced', async () => {
    await put(
      observation('late', 'Patient/p40'),
      observation('later', 'Patient/p40'),
      observation('last', 'Patient/p40'),
    );
    const stale: FhirServer = {
      ...server,
      index: {
        ...server.index,
        search: (query) =>
          server.index.search({ ...query, request: { ...query.request, filters: [] } }).then((page) => ({
            ...page,
            hits: page.hits.map(({ type, id, position }) => ({ type, id, position })),
          })),
        count: () => Promise.resolve(undefined),
      },
    };
    const parameters = [
      ['subject', 'Patient/p40'],
      ['_count', '2'],
    ] as const;
    const page = await searchType(stale, practitioner, { type: 'Observation', parameters, handling: 'strict' });
    expect(ids(page.matches)).toEqual(['Observation/late', 'Observation/later']);
    expect(page.links.next).toBeDefined();
    const patient = {
      ...callerOf('patient-1'),
      principal: { ...callerOf('patient-1').principal, fhirUser: 'Patient/p1' },
    };
    const everything: FhirServer = {
      ...server,
      index: { ...server.index, search: (query) => server.index.search({ ...query, access: { kind: 'everything' } }) },
    };
    const seen = await searchType(everything, patient, { type: 'Observation', parameters: [], handling: 'strict' });
    expect(ids(seen.matches)).toEqual(['Observation/obs0', 'Observation/obs1']);
  });

  test('a patient finds what is in their own compartment, also by includes', async () => {
    const patient = callerOf('patient-1');
    expect(ids((await search('Observation', {}, patient)).matches)).toEqual(['Observation/obs0', 'Observation/obs1']);
    expect(await search('Observation?subject=Patient/p2', {}, patient)).toMatchObject({ matches: [], total: 0 });
    const page = await search('Patient?_revinclude=Observation:subject', {}, patient);
    expect(ids(page.matches)).toEqual(['Patient/p1']);
    expect(ids(page.included)).toEqual(['Observation/obs0', 'Observation/obs1']);
    await put(observation('foreign', 'Patient/p2', { performer: [{ reference: 'Patient/p1' }] }));
    const shared = await search('Observation?_include=Observation:subject', {}, patient);
    expect(ids(shared.matches)).toContain('Observation/foreign');
    expect(ids(shared.included)).toEqual(['Patient/p1']);
  });

  test('a role that may not search a type is refused, a type that does not exist is not found', async () => {
    expect(await failure(search('Observation', {}, callerOf('nobody')))).toEqual([
      403,
      expect.stringContaining('Observation'),
    ]);
    expect(await failure(search('Nonsense'))).toEqual([404, expect.stringContaining('Nonsense')]);
  });

  test('includes what matches refer to and what refers to them, once, and further when iterated', async () => {
    const one = await search('Observation?_id=obs0,obs1&_include=Observation:subject');
    expect(ids(one.included)).toEqual(['Patient/p1']);
    expect(ids((await search('Observation?_id=obs0&_include=Observation:subject:Group')).included)).toEqual([]);
    const far = await search(
      'Observation?_id=obs2&_include=*&_include:iterate=Patient:organization&_include:iterate=Organization:partof',
    );
    expect(ids(far.included)).toEqual(['Patient/p2', 'Organization/o0', 'Organization/top']);
    const back = await search('Organization?_id=o1&_revinclude=Patient:organization&_count=1');
    expect(back.matches).toHaveLength(1);
    expect(back.included).toHaveLength(22);
    expect(
      ids(
        (
          await search(
            'Organization?_id=top&_include:iterate=Organization:partof&_revinclude:iterate=Organization:partof',
          )
        ).included,
      ),
    ).toEqual(['Organization/o0']);
  });

  test('refuses sizes that are none', async () => {
    expect((await failure(search('Patient', { count: -1 })))[0]).toBe(400);
    expect((await failure(search('Patient', { offset: 1.5 })))[0]).toBe(400);
  });
});

describe('criteria of conditional interactions', () => {
  test('give the resources they match, at most as many as asked for', async () => {
    expect(await conditionalMatches(server, practitioner, 'Organization', 'name=zero')).toMatchObject([
      { type: 'Organization', id: 'o0', version: { versionId: 1 } },
    ]);
    expect(await conditionalMatches(server, practitioner, 'Patient', 'family=zed')).toHaveLength(2);
    expect(await conditionalMatches(server, practitioner, 'Patient', 'family=nobody')).toEqual([]);
  });

  test('do not tell a caller of what they may not see', async () => {
    expect(await conditionalMatches(server, callerOf('patient-1'), 'Observation', '_id=obs2')).toEqual([]);
    expect(await conditionalMatches(server, callerOf('patient-1'), 'Observation', '_id=obs0')).toHaveLength(1);
  });

  test('must name a parameter, and one that is known', async () => {
    expect((await failure(conditionalMatches(server, practitioner, 'Patient', '')))[0]).toBe(400);
    expect((await failure(conditionalMatches(server, practitioner, 'Patient', '_count=5')))[0]).toBe(400);
    expect((await failure(conditionalMatches(server, practitioner, 'Patient', 'nonsense=5')))[0]).toBe(400);
  });
});
