import { createServer, type Server } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from '@opensearch-project/opensearch';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { untilDone } from '../../search/opensearch/retry.js';
import { openSearchIndex } from '../../search/opensearch.js';
import { requireUnchained } from '../../search/request.js';
import { parseSearch } from '../../search/parse.js';
import type { Indexable } from '../../search/search-index.js';
import { defaultTenant } from '../../persistence/keys.js';
import { tenant } from '../support/tenant.js';

/** A request as OpenSearch would get it. */
interface Got {
  readonly url: URL;
  readonly lines: readonly Record<string, Record<string, unknown> | undefined>[];
}

/** Answers one request: a status and a body. */
type Answer = (got: Got) => readonly [number, unknown];

let definitions: FhirDefinitions;
beforeAll(async () => {
  definitions = await loadDefinitions('r4');
});

describe('the OpenSearch adapter', () => {
  let server: Server;
  let client: Client;
  let got: Got[];
  let answers: Answer[];
  /** Whether an index is being made beside the one that serves, as every put asks first. */
  let isMadeAnew: boolean;
  let isBusy: boolean;
  beforeEach(async () => {
    got = [];
    answers = [];
    isMadeAnew = false;
    isBusy = false;
    server = createServer((request, response) => {
      if (request.method === 'HEAD') {
        response.writeHead(isBusy ? 429 : isMadeAnew && request.url === '/_alias/r4-next' ? 200 : 404).end();
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const lines = text.split('\n').filter((line) => line !== '');
        const seen = {
          url: new URL(request.url ?? '', 'http://x'),
          lines: lines.map((line) => JSON.parse(line) as Got['lines'][number]),
        };
        got.push(seen);
        const [status, body] = (answers.shift() ?? (() => [500, {}] as const))(seen);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('not listening');
    client = new Client({ node: `http://127.0.0.1:${String(address.port)}`, maxRetries: 0 });
  });
  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const patient = (id: string, versionId = 1): Indexable => ({
    tenant: defaultTenant,
    type: 'Patient',
    id,
    versionId,
    lastUpdated: '2020-01-01T00:00:00.000Z',
    compartments: [`Patient/${id}`],
    resource: { resourceType: 'Patient', id, name: [{ family: 'Secret' }] },
  });
  const items =
    (...statuses: number[]): Answer =>
    () => [200, { items: statuses.map((status) => ({ index: { status } })) }];
  const sentIds = (): unknown[][] =>
    got.map(({ lines }) => lines.flatMap((line) => (line['index'] === undefined ? [] : [line['index']['_id']])));
  const open = (options = {}) => openSearchIndex(client, 'r4', definitions, options);

  test('puts documents by their version, through the alias only, without a copy of the resource', async () => {
    answers = [items(201)];
    await open().put([{ ...patient('a', 3), tenant: tenant('t') }], { visible: false });
    const [request] = got;
    expect(request?.url.searchParams.get('refresh')).toBe('false');
    expect(request?.url.searchParams.get('require_alias')).toBe('true');
    const [action, document] = request?.lines ?? [];
    expect(action).toEqual({ index: { _id: '@t#Patient#a', version: 3, version_type: 'external' } });
    expect(JSON.stringify(document)).not.toContain('Secret');
  });

  test.each([
    [{}, 'wait_for'],
    [{ refresh: 'now' }, 'true'],
  ])('a put that is to be seen waits for a refresh or makes one: %j', async (options, refresh) => {
    answers = [items(201)];
    await open(options).put([patient('a')]);
    expect(got[0]?.url.searchParams.get('refresh')).toBe(refresh);
  });

  test('tries again what OpenSearch had no room for, and only that; a newer version there is success', async () => {
    answers = [() => [429, {}], items(201, 429, 409), items(503), items(200)];
    await open().put([patient('a'), patient('b'), patient('c')], { visible: false });
    const all = ['default#Patient#a', 'default#Patient#b', 'default#Patient#c'];
    expect(sentIds()).toEqual([all, all, [all[1]], [all[1]]]);
  });

  describe('a document that OpenSearch fails on by 500 again and again', () => {
    const failing = (...statuses: number[]): Answer[] => Array.from({ length: 7 }, () => items(...statuses));
    const put = (...ids: string[]): Promise<void> =>
      open({ longestPause: 0 }).put(
        ids.map((id) => patient(id)),
        { visible: false },
      );

    test('is put without its fields where OpenSearch takes that, in the same request', async () => {
      answers = [...failing(500), items(201, 500)];
      await put('a');
      expect(got).toHaveLength(8);
      expect(got[7]?.lines[0]).toMatchObject({ index: { version_type: 'external' } });
      expect(got[7]?.lines[1]).toMatchObject({ id: 'a', opaque: true });
      expect(got[7]?.lines[2]).toMatchObject({ index: { version: 1, version_type: 'external_gte' } });
      expect(got[7]?.lines[3]).toMatchObject({ id: 'a', str: expect.anything() });
    });

    test('has its fields where it is taken at last', async () => {
      answers = [...failing(500), items(201, 200)];
      await put('a');
      expect(sentIds().at(-1)).toEqual(['default#Patient#a', 'default#Patient#a']);
    });

    test.each([
      ['is tried on until it takes its place', [items(429), items(503), items(201)], 3],
      ['stays without its fields where it is its own fault after all', [items(429), ...failing(500)], 8],
    ])('that was put without its fields, and is not taken itself for now, %s', async (_, last, tries) => {
      answers = [...failing(500), items(201, 429), ...last];
      await put('a');
      const behind = got.slice(8).map(({ lines }) => lines);
      expect(behind).toHaveLength(tries);
      for (const [action, document] of behind) {
        expect(action).toMatchObject({ index: { version: 1, version_type: 'external_gte' } });
        expect(document).toMatchObject({ id: 'a', str: expect.anything() });
      }
    });

    test('that was put without its fields takes its place also where others of the request meet an outage', async () => {
      answers = [...failing(500, 500), items(201, 429, 500, 500), items(201)];
      await expect(put('a', 'b')).rejects.toMatchObject({ status: 503 });
      expect(sentIds().at(-1)).toEqual(['default#Patient#a']);
    });

    test('counts as put where its version is there', async () => {
      answers = [...failing(500), items(409, 500)];
      await put('a');
      expect(got).toHaveLength(8);
    });

    test.each([
      ['of it alone', ['a'], [500], [500, 500]],
      ['of all of a request', ['a', 'b', 'c'], [500, 500, 500], [500, 500, 500, 500, 500, 500]],
      ['of which only its end is seen', ['a'], [500], [429, 500]],
    ])('is no fault of its own in an outage %s: 503, and nothing is opaque', async (_, ids, statuses, last) => {
      answers = [...failing(...statuses), items(...last)];
      await expect(put(...ids)).rejects.toMatchObject({ status: 503 });
      expect(got).toHaveLength(8);
    });

    test('does not have others without theirs, that an outage meets', async () => {
      answers = [...failing(500, 500, 500), items(201, 500, 500, 500, 201, 201)];
      await expect(put('a', 'b', 'c')).rejects.toMatchObject({ status: 503 });
      answers = [items(409, 201, 409)];
      await put('a', 'b', 'c');
      expect(got.at(-1)?.lines.map((line) => line['opaque'])).not.toContain(true);
    });

    test('is no fault of its own where other tries met a busy OpenSearch', async () => {
      answers = [items(429), ...failing(500)];
      await expect(put('a')).rejects.toMatchObject({ status: 503 });
      expect(sentIds()).toEqual(Array.from({ length: 8 }, () => ['default#Patient#a']));
    });

    test('is waited for, when it is one that was refused and has no fields any more', async () => {
      answers = [items(400), ...failing(500), items(500)];
      await expect(put('a')).rejects.toMatchObject({ status: 503 });
    });
  });

  test('an answer that breaks off is told as 503', async () => {
    server.removeAllListeners('request');
    server.on('request', (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"hits":', () => response.destroy());
    });
    await expect(search()).rejects.toMatchObject({ status: 503 });
    server.removeAllListeners('request');
    server.on('request', (_, response) => response.setHeader('content-type', 'application/json').end('{"hits":'));
    await expect(search()).rejects.toMatchObject({ status: 503 });
  });

  test('a version that another process was first to put is not found yet: the index is refreshed where a put is to be seen', async () => {
    answers = [items(409), () => [200, {}]];
    await open().put([patient('a')]);
    expect(pathsOf()).toEqual(['/r4/_bulk', '/r4/_refresh']);
    answers = [items(409)];
    await open().put([patient('a')], { visible: false });
    expect(pathsOf()).toEqual(['/r4/_bulk', '/r4/_refresh', '/r4/_bulk']);
  });

  test('what OpenSearch refuses is put without its fields, so that every search of its type looks at it', async () => {
    answers = [items(201, 400), items(201)];
    await open().put([patient('a'), patient('b')]);
    expect(got[1]?.lines[1]).toEqual({
      tenant: 'default',
      type: 'Patient',
      id: 'b',
      lastUpdated: '2020-01-01T00:00:00.000Z',
      compartments: ['Patient/b'],
      deleted: false,
      opaque: true,
      order: -1,
      digest: expect.any(String),
      version: 1,
    });
  });

  test('fails, without saying what was in it, when a document cannot be put at all', async () => {
    answers = [items(400), items(400)];
    await expect(open().put([patient('a')])).rejects.toThrow('OpenSearch refuses 1 documents');
  });

  const pathsOf = (): string[] => got.map(({ url }) => url.pathname);

  test('while an index is made anew, puts go to it as well; what is known of it counts for as long as it is told', async () => {
    isMadeAnew = true;
    answers = [items(201), items(201), items(201), items(201), items(201)];
    const index = open({ believed: 60_000 });
    await index.put([patient('a')]);
    isMadeAnew = false;
    await index.put([patient('b')]);
    await open({ believed: 60_000 }).put([patient('c')]);
    expect(pathsOf()).toEqual(['/r4/_bulk', '/r4-next/_bulk', '/r4/_bulk', '/r4-next/_bulk', '/r4/_bulk']);
  });

  test('a put that finds the next index gone is done once more on the one that serves, which it may be by now', async () => {
    isMadeAnew = true;
    answers = [items(201), items(404), items(409), () => [200, {}]];
    await open().put([patient('a')]);
    expect(pathsOf()).toEqual(['/r4/_bulk', '/r4-next/_bulk', '/r4/_bulk', '/r4/_refresh']);
  });

  test('what a reindex reads is put into the next index only, in place of the same version put by another program', async () => {
    answers = [items(200)];
    await open().next.put([patient('a', 3)]);
    expect(pathsOf()).toEqual(['/r4-next/_bulk']);
    expect(got[0]?.lines[0]?.['index']).toMatchObject({ version: 3, version_type: 'external_gte' });
  });

  test.each(['names', 'open', 'count', 'serve', 'abandon'] as const)(
    'a step of making an index anew that meets a busy OpenSearch is told as 503, so that its job waits: %s',
    async (step) => {
      answers = [() => [429, { error: 'rejected_execution_exception' }]];
      isBusy = true;
      const names = { index: 'r4-2', replaces: 'r4-1' };
      await expect(open().next[step](names)).rejects.toMatchObject({ status: 503 });
    },
  );

  test('without an index nothing is put', async () => {
    answers = [items(404)];
    await expect(open().put([patient('a')])).rejects.toThrow('There is no index r4');
  });

  const search = (): Promise<unknown> => {
    const request = requireUnchained(
      parseSearch(definitions, 'Patient', [], { handling: 'strict', defaultCount: 20, maxCount: 100, now: 0 }),
    );
    return open().search({ request, access: { kind: 'everything' }, limit: 10 });
  };

  const noNumber = { type: 'query_shard_exception', reason: 'No mapping found for [order] in order to sort on' };
  const hit = (...sort: unknown[]): Answer => {
    const fields = { type: ['Patient'], id: ['a'], version: [1] };
    return () => [200, { hits: { total: { value: 1 }, hits: [{ sort, fields }] } }];
  };
  const sorts = (): unknown[] =>
    got.map(({ lines: [body] }) => (body?.['sort'] as unknown as object[]).flatMap((each) => Object.keys(each)));

  test('an index of an older program is searched in its order until it is made anew, and so are its page links', async () => {
    const request = requireUnchained(
      parseSearch(definitions, 'Patient', [], { handling: 'strict', defaultCount: 20, maxCount: 100, now: 0 }),
    );
    const query = { request, access: { kind: 'everything' }, limit: 1, countTo: 10 } as const;
    const index = open();
    const refusal = { error: { type: 'search_phase_execution_exception', root_cause: [noNumber] }, status: 400 };
    answers = [
      () => [400, refusal],
      hit('a', 'Patient'),
      hit('a', 'Patient'),
      hit('b', 'Patient'),
      hit(1, 'c', 'Patient'),
    ];
    const { hits, counted } = await index.search(query);
    expect([hits[0]?.position, counted]).toEqual(['["a","Patient"]', undefined]);
    await index.search(query);
    // The index that another process made serves meanwhile.
    const made = open();
    await made.search({ ...query, after: '["a","Patient"]' });
    await made.search({ ...query, after: '[0,"a","Patient"]' });
    const [old, anew] = [
      ['id', 'type'],
      ['order', 'id', 'type'],
    ];
    expect(sorts()).toEqual([anew, old, old, old, anew]);
  });

  test('a search that a part of the index cannot answer is no answer', async () => {
    answers = [() => [503, { error: 'search_phase_execution_exception' }]];
    await expect(search()).rejects.toThrow();
    expect(got[0]?.url.searchParams.get('allow_partial_search_results')).toBe('false');
  });

  test.each([429, 500, 502, 503, 504])(
    'an OpenSearch that answers %i is told as 503, without what it said',
    async (status) => {
      answers = [() => [status, { error: 'Secret' }]];
      await expect(search()).rejects.toMatchObject({ status: 503, issues: [{ code: 'transient' }] });
    },
  );

  test('an OpenSearch that does not answer is told as 503, by searches and by puts', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(search()).rejects.toMatchObject({ status: 503 });
    await expect(open().put([patient('a')])).rejects.toMatchObject({ status: 503 });
  });

  test('an OpenSearch that stays busy is told as 503, after eight tries', async () => {
    let tried = 0;
    const busy = (left: string): Promise<string> => Promise.resolve(`${left}${String((tried += 1))}`);
    await expect(untilDone('', busy, 0)).rejects.toMatchObject({ status: 503, issues: [{ code: 'transient' }] });
    expect(tried).toBe(8);
  });

  test('what OpenSearch does not understand is no outage', async () => {
    answers = [() => [400, { error: 'parsing_exception' }]];
    await expect(search()).rejects.not.toMatchObject({ status: 503 });
  });
});
