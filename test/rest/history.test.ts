import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { type AnswerJson, startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const get = (url: string, as = 'practitioner') => server.send('GET', url, { as });
const relation = (json: AnswerJson, name: string): string | undefined =>
  json.link.find((link) => link.relation === name)?.url;
/** The versions of a page, as `p1/2`; a deletion has no resource, so only its id. */
const shown = (json: AnswerJson): string[] =>
  ((json.entry as AnswerJson['entry'] | undefined) ?? []).map(({ resource, request }) =>
    resource === undefined
      ? (request?.url ?? '')
      : `${resource.resourceType}/${resource.id}/${resource.meta.versionId}`,
  );
/** All pages from a URL on. */
async function pages(url: string, as?: string): Promise<string[][]> {
  const found: string[][] = [];
  for (let next: string | undefined = url; next !== undefined;) {
    const { status, json } = await get(next, as);
    expect([next, status]).toEqual([next, 200]);
    found.push(shown(json));
    next = relation(json, 'next');
  }
  return found;
}
const put = async (version: FhirVersion, type: string, id: string, more: object = {}): Promise<AnswerJson> => {
  const { json, status } = await server.send('PUT', `/${version}/${type}/${id}`, {
    body: { resourceType: type, id, ...more },
  });
  expect([200, 201]).toContain(status);
  return json;
};
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;
  const observation = (patient: string, text = 'x') => ({
    status: 'final',
    code: { text },
    subject: { reference: `Patient/${patient}` },
  });

  describe('the history of a type and of the system', () => {
    let second: string;
    beforeAll(async () => {
      await put(version, 'Basic', 'h1', { code: { text: '1' } });
      await put(version, 'Basic', 'h2', { code: { text: '1' } });
      await pause();
      second = (await put(version, 'Basic', 'h1', { code: { text: '2' } })).meta.lastUpdated;
      await put(version, 'Flag', 'f1', { status: 'active', code: { text: 'x' }, subject: { reference: 'Patient/p9' } });
      await server.send('DELETE', `${root}/Basic/h2`);
      await pause();
      await put(version, 'Basic', 'h2', { code: { text: '3' } });
      await pause();
    });

    test('has every version of every resource, deletions too, newest first', async () => {
      const { json } = await get(`${root}/Basic/_history`);
      expect(json).toMatchObject({ resourceType: 'Bundle', type: 'history', total: 5 });
      expect(shown(json)).toEqual(['Basic/h2/3', 'Basic/h2', 'Basic/h1/2', 'Basic/h2/1', 'Basic/h1/1']);
      expect(relation(json, 'self')).toBe(`${server.base(version)}/Basic/_history`);
      expect(relation(json, 'next')).toBeUndefined();
      const system = await get(`${root}/_history?_count=6`);
      expect(shown(system.json)).toEqual([
        'Basic/h2/3',
        'Basic/h2',
        'Flag/f1/1',
        'Basic/h1/2',
        'Basic/h2/1',
        'Basic/h1/1',
      ]);
    });

    test('tells the request of every version; what came back after a deletion was created', async () => {
      const { json } = await get(`${root}/Basic/_history`);
      const url = `${server.base(version)}/Basic`;
      expect(json.entry.map(({ request }) => request)).toEqual([
        { method: 'PUT', url: 'Basic/h2' },
        { method: 'DELETE', url: 'Basic/h2' },
        { method: 'PUT', url: 'Basic/h1' },
        { method: 'PUT', url: 'Basic/h2' },
        { method: 'PUT', url: 'Basic/h1' },
      ]);
      // STU3 forbids response here (bdl-4), and two deletions could not have the same fullUrl (bdl-7).
      expect(json.entry.map(({ response }) => response?.status)).toEqual(
        version === 'stu3'
          ? Array(5).fill(undefined)
          : ['201 Created', '204 No Content', '200 OK', '201 Created', '201 Created'],
      );
      expect(json.entry.map(({ fullUrl }) => fullUrl)).toEqual([
        `${url}/h2`,
        version === 'stu3' ? undefined : `${url}/h2`,
        `${url}/h1`,
        `${url}/h2`,
        `${url}/h1`,
      ]);
      expect((await get(`${root}/Basic/h2/_history`)).json.entry[0]?.response?.status).toBe(
        version === 'stu3' ? undefined : '201 Created',
      );
    });

    test('_since begins with the versions of that instant', async () => {
      expect(shown((await get(`${root}/Basic/_history?_since=${second}`)).json)).toEqual([
        'Basic/h2/3',
        'Basic/h2',
        'Basic/h1/2',
      ]);
      const later = new Date(Date.parse(second) + 1).toISOString();
      expect(shown((await get(`${root}/Basic/_history?_since=${later}`)).json)).toEqual(['Basic/h2/3', 'Basic/h2']);
      const zoned = second.replace('Z', encodeURIComponent('+00:00'));
      expect(shown((await get(`${root}/Basic/_history?_since=${zoned}`)).json)).toHaveLength(3);
      expect(shown((await get(`${root}/Basic/_history?_since=${second.replace('Z', '+00:00')}`)).json)).toHaveLength(3);
      expect(shown((await get(`${root}/Basic/_history?_since=2020`)).json)).toHaveLength(5);
      expect(shown((await get(`${root}/Basic/h1/_history?_since=${second}`)).json)).toEqual(['Basic/h1/2']);
      const nothing = await get(`${root}/_history?_since=2999-01-01T00:00:00Z`);
      expect([nothing.status, nothing.json.total, shown(nothing.json)]).toEqual([200, 0, []]);
    });

    test('_at shows what was current at the time', async () => {
      const before = new Date(Date.parse(second) - 1).toISOString();
      expect(shown((await get(`${root}/Basic/_history?_at=${before}`)).json)).toEqual(['Basic/h2/1', 'Basic/h1/1']);
      expect(shown((await get(`${root}/Basic/_history?_at=${second}`)).json)).toEqual(['Basic/h1/2', 'Basic/h2/1']);
      const now = new Date().toISOString();
      expect(shown((await get(`${root}/Basic/_history?_at=${now}`)).json)).toEqual(['Basic/h2/3', 'Basic/h1/2']);
      expect(shown((await get(`${root}/Basic/h1/_history?_at=${before}`)).json)).toEqual(['Basic/h1/1']);
      expect(shown((await get(`${root}/Basic/h1/_history?_at=${now}`)).json)).toEqual(['Basic/h1/2']);
      expect(shown((await get(`${root}/Basic/_history?_at=${now.slice(0, 4)}`)).json)).toHaveLength(5);
      expect(shown((await get(`${root}/Basic/_history?_at=1999`)).json)).toEqual([]);
    });

    test('_at with a prefix shows what was current before or after the time', async () => {
      const at = async (value: string) => shown((await get(`${root}/Basic/_history?_at=${value}`)).json);
      const all = ['Basic/h2/3', 'Basic/h2', 'Basic/h1/2', 'Basic/h2/1', 'Basic/h1/1'];
      for (const prefix of ['ge', 'gt', 'sa']) {
        expect([prefix, await at(`${prefix}${second}`)]).toEqual([prefix, all.slice(0, 4)]);
        expect(await at(`${prefix}2999`)).toEqual(['Basic/h2/3', 'Basic/h1/2']);
        expect(await at(`${prefix}1999`)).toEqual(all);
      }
      expect(await at(`le${second}`)).toEqual(all.slice(2));
      for (const prefix of ['lt', 'eb']) {
        expect([prefix, await at(`${prefix}${second}`)]).toEqual([prefix, all.slice(3)]);
        expect(await at(`${prefix}1999`)).toEqual([]);
        expect(await at(`${prefix}2999`)).toEqual(all);
      }
      expect(await at(`eq${second}`)).toEqual(await at(second));
      const next = await pages(`${root}/Basic/_history?_at=gt1999&_count=2`);
      expect(next.flat()).toEqual(all);
      for (const value of ['ne2020', 'ap2020', 'gt', 'xx2020']) {
        const { status, json } = await get(`${root}/Basic/_history?_at=${value}`);
        expect([value, status, json.issue[0].expression]).toEqual([value, 400, ['_at']]);
      }
    });

    test('_sort turns it round, _count limits a page, 0 asks for the number only', async () => {
      const newest = ['Basic/h2/3', 'Basic/h2', 'Basic/h1/2', 'Basic/h2/1', 'Basic/h1/1'];
      for (const [sort, order] of [
        ['-_lastUpdated', newest],
        ['_lastUpdated', newest.toReversed()],
      ] as const) {
        for (const count of [1, 2, 3, 5, 6]) {
          const found = await pages(`${root}/Basic/_history?_sort=${sort}&_count=${String(count)}`);
          expect(found.flat()).toEqual(order);
          expect(found.slice(0, -1).every((page) => page.length === count)).toBe(true);
          const instance = await pages(`${root}/Basic/h2/_history?_sort=${sort}&_count=${String(count)}`);
          expect(instance.flat()).toEqual(order.filter((text) => text.startsWith('Basic/h2')));
        }
      }
      for (const path of ['Basic/_history', 'Basic/h2/_history', '_history']) {
        const { status, json } = await get(`${root}/${path}?_count=0`);
        expect([path, status, shown(json)]).toEqual([path, 200, []]);
        expect(json.total).toBe({ 'Basic/_history': 5, 'Basic/h2/_history': 3, _history: 6 }[path]);
      }
    });

    test('says up to when it is complete, and page links show nothing', async () => {
      const { json } = await get(`${root}/Basic/_history?_count=2&_since=2020`);
      const newest = json.entry[0]?.resource?.meta.lastUpdated ?? '';
      expect(json.meta.lastUpdated >= newest).toBe(true);
      const next = relation(json, 'next') ?? '';
      expect(next).toMatch(new RegExp(`^${server.base(version)}/Basic/_history\\?_page=[A-Za-z0-9_-]+$`));
      const second = await get(next);
      expect(relation(second.json, 'self')).toBe(next);
      expect(shown((await get(relation(second.json, 'first') ?? '')).json)).toEqual(shown(json));
      expect((await get(next, 'auditor')).status).toBe(403);
      const elsewhere = next.replace('/Basic/_history', '/_history');
      expect((await get(elsewhere)).status).toBe(400);
    });

    test('can be a HEAD, and an entry of a batch or a transaction', async () => {
      const head = await server.send('HEAD', `${root}/Basic/_history`);
      expect([head.status, head.text]).toEqual([200, '']);
      for (const type of ['batch', 'transaction']) {
        const entry = ['Basic/_history?_count=1', '_history?_count=1', 'Basic/h1/_history?_count=1'].map((url) => ({
          request: { method: 'GET', url },
        }));
        const { json } = await server.send('POST', root, { body: { resourceType: 'Bundle', type, entry } });
        expect(json.entry.map(({ response, resource }) => [response?.status, resource && shown(resource)])).toEqual([
          ['200 OK', ['Basic/h2/3']],
          ['200 OK', ['Basic/h2/3']],
          ['200 OK', ['Basic/h1/2']],
        ]);
      }
    });
  });

  test('pages stay as they are while others write', async () => {
    const seen: string[] = [];
    for (let n = 0; n < 12; n += 1) await put(version, 'Library', `w${String(n % 4)}`, libraryContent(n));
    await pause();
    const before = (await pages(`${root}/Library/_history?_count=100`)).flat();
    let next: string | undefined = `${root}/Library/_history?_count=2`;
    while (next !== undefined) {
      const { json } = await get(next);
      seen.push(...shown(json));
      next = relation(json, 'next');
      for (let n = 0; n < 3; n += 1)
        await put(version, 'Library', `w${String(n)}`, libraryContent(seen.length * 10 + n));
    }
    expect(before).toHaveLength(12);
    expect(seen).toEqual(before);
  });

  // On DynamoDB Local the servers of tests show what was written at once, so that writes under way may be passed over.
  test('a poller that asks from the newest instant it saw misses nothing while others write', async () => {
    let done = false;
    const written: string[] = [];
    const writer = async (name: string): Promise<void> => {
      for (let n = 0; n < 15; n += 1) {
        const { id, meta } = await put(version, 'Schedule', `${name}${String(n % 3)}`, {
          actor: [{ display: String(n) }],
        });
        written.push(`Schedule/${id}/${meta.versionId}`);
      }
    };
    const polled = new Set<string>();
    const poll = async (): Promise<void> => {
      let since = '2020-01-01T00:00:00Z';
      let isLast = false;
      do {
        isLast = done;
        let next: string | undefined = `${root}/Schedule/_history?_since=${since}&_sort=_lastUpdated&_count=7`;
        while (next !== undefined) {
          const { json } = await get(next);
          for (const text of shown(json)) polled.add(text);
          since = (json.entry as AnswerJson['entry'] | undefined)?.at(-1)?.resource?.meta.lastUpdated ?? since;
          next = relation(json, 'next');
        }
      } while (!isLast);
    };
    await Promise.all([
      Promise.all(['a', 'b', 'c'].map(writer))
        .then(pause)
        .then(() => (done = true)),
      poll(),
    ]);
    expect([...polled].toSorted()).toEqual(written.toSorted());
  });

  describe('for a patient', () => {
    beforeAll(async () => {
      for (const id of ['p1', 'p2']) await put(version, 'Patient', id, { active: true });
      await put(version, 'Observation', 'mine', observation('p1'));
      await put(version, 'Observation', 'theirs', observation('p2'));
      await put(version, 'Observation', 'corrected', observation('p1', 'wrong patient'));
      await put(version, 'Observation', 'corrected', observation('p2'));
      await put(version, 'Observation', 'came', observation('p2', 'wrong patient'));
      await put(version, 'Observation', 'came', observation('p1'));
      await put(version, 'Observation', 'went', observation('p1'));
      await server.send('DELETE', `${root}/Observation/went`);
      await put(version, 'Practitioner', 'doc', { active: true });
      await pause();
    });

    test('has what is theirs then and now, of every type, and nothing else', async () => {
      const own = ['Observation/went', 'Observation/went/1', 'Observation/came/2', 'Observation/mine/1'];
      expect((await pages(`${root}/Observation/_history`, 'patient-1')).flat()).toEqual(own);
      expect((await pages(`${root}/Observation/_history?_count=1`, 'patient-1')).flat()).toEqual(own);
      expect((await get(`${root}/Observation/_history?_count=0`, 'patient-1')).json.total).toBe(4);
      expect((await get(`${root}/Observation/_history`, 'patient-1')).json.total).toBe(4);
      const all = (await pages(`${root}/_history?_count=3`, 'patient-1')).flat();
      expect(all).toEqual(['Practitioner/doc/1', ...own, 'Patient/p1/1']);
      expect((await pages(`${root}/Observation/_history`, 'patient-2')).flat()).toEqual([
        'Observation/corrected/2',
        'Observation/theirs/1',
      ]);
    });

    test('page links are theirs alone', async () => {
      const { json } = await get(`${root}/Observation/_history?_count=1`, 'patient-1');
      expect((await get(relation(json, 'next') ?? '', 'patient-2')).status).toBe(400);
    });

    test('roles decide which types the history of the system has; none is 403', async () => {
      const seen = (await pages(`${root}/_history?_count=100`, 'auditor')).flat();
      expect(new Set(seen.map((text) => text.split('/')[0]))).toEqual(new Set(['Patient']));
      expect((await get(`${root}/Observation/_history`, 'auditor')).status).toBe(403);
      expect((await get(`${root}/_history`, 'nobody')).status).toBe(403);
    });
  });

  test('equals the list of what was written, whatever was written, at every page size, while more is written', async () => {
    const id = fc.constantFrom('m1', 'm2', 'm3', 'm33');
    const write = fc.record({ id, type: fc.constantFrom('Substance', 'Slot'), remove: fc.boolean() });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 13 }),
        async (writes, size) => {
          run += 1;
          const since = new Date().toISOString();
          const model: string[] = [];
          const written: Promise<unknown>[] = [];
          for (const { id, type, remove } of writes) {
            const name = `${id}-${String(run)}`;
            if (remove) {
              const { headers } = await server.send('DELETE', `${root}/${type}/${name}`);
              const deleted = `${type}/${name}`;
              if (headers.etag !== undefined && model.findLast((text) => text.startsWith(deleted)) !== deleted)
                model.push(deleted);
            } else {
              const { meta } = await put(version, type, name, slotOrSubstance(type));
              model.push(`${type}/${name}/${meta.versionId}`);
            }
          }
          await pause();
          for (const [scope, kept] of [
            ['', () => true],
            ['Slot/', (text: string) => text.startsWith('Slot/')],
            [`Substance/m1-${String(run)}/`, (text: string) => text.startsWith(`Substance/m1-${String(run)}`)],
          ] as const) {
            const expected = model.filter(kept);
            if (expected.length === 0) continue;
            for (const sort of ['-_lastUpdated', '_lastUpdated']) {
              const found = (
                await pages(`${root}/${scope}_history?_since=${since}&_count=${String(size)}&_sort=${sort}`)
              ).flat();
              const own = found.filter((text) => !text.includes('meanwhile'));
              expect(own).toEqual(sort.startsWith('-') ? expected.toReversed() : expected);
              written.push(put(version, 'Slot', `meanwhile-${String(run)}`, slotOrSubstance('Slot')));
            }
          }
          await Promise.all(written);
        },
      ),
      { numRuns: 12 },
    );
  });
});

const libraryContent = (n: number): object => ({
  status: 'active',
  type: { text: 'x' },
  description: String(n),
});

const slotOrSubstance = (type: string): object =>
  type === 'Substance'
    ? { code: { text: 'x' } }
    : {
        schedule: { reference: 'Schedule/x' },
        status: 'free',
        start: '2026-01-01T00:00:00Z',
        end: '2026-01-01T01:00:00Z',
      };
