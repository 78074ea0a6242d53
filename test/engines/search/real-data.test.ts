import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { commitsOf } from '../../../lmdb/commits.js';
import { parseJson } from '../../../fhir/json.js';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import type { Resource } from '../../../fhir/resource.js';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';
import { inParallel } from '../../../interactions/parallel.js';
import { lmdbSearchIndex } from '../../../search/lmdb.js';
import { match } from '../../../search/match.js';
import { requireUnchained, type SearchRequest } from '../../../search/request.js';
import { parseSearch } from '../../../search/parse.js';
import type { SearchIndex } from '../../../search/search-index.js';
import { searches } from '../../search/searches-for.js';
import { openIndex } from './index-under-test.js';
import { firstVersions } from '../../support/first-versions.js';

/** Without a folder of records, one search of seven: it takes seconds. */
const isThorough = fhirVersions.some((version) => process.env[`SYNTHEA_${version.toUpperCase()}`] !== undefined);

/** The demo's patient; with SYNTHEA_R4 or SYNTHEA_STU3, the bundles of that folder as well. */
function resources(version: FhirVersion): Resource[] {
  const folder = process.env[`SYNTHEA_${version.toUpperCase()}`];
  const more = folder === undefined ? [] : readdirSync(folder).map((name) => join(folder, name));
  const files = [
    new URL(`../../../demo/${version}.json`, import.meta.url),
    ...more.filter((each) => each.endsWith('.json')),
  ];
  return files
    .flatMap((file) => (parseJson(readFileSync(file, 'utf8')) as { entry: { resource: Resource }[] }).entry)
    .map(({ resource }, i) => ({ ...resource, id: String(i) }));
}

const options = { handling: 'strict', defaultCount: 20, maxCount: 1_000, now: Date.UTC(2026, 0, 1) } as const;

test.each(fhirVersions)(
  '%s: by every parameter of real records, OpenSearch finds what the embedded index and a scan find',
  async (version) => {
    const definitions = await loadDefinitions(version);
    const folder = mkdtempSync(join(tmpdir(), 'real-data-'));
    const root = open({ path: folder, cache: false, noSync: true });
    const embedded = lmdbSearchIndex(root, 'real', definitions).index;
    const onOpenSearch = await openIndex(definitions);
    const all = resources(version);
    const find = async (index: SearchIndex, request: SearchRequest): Promise<string[]> => {
      const { hits } = await index.search({ request, access: { kind: 'everything' }, limit: all.length });
      const sure = hits.filter(({ exactVersion }) => exactVersion !== undefined);
      expect(sure.filter(({ id }) => !match(request, all[Number(id)] ?? { resourceType: '' }))).toEqual([]);
      return hits.map(({ id }) => id).filter((id) => match(request, all[Number(id)] ?? { resourceType: '' }));
    };
    try {
      const changes = firstVersions(all);
      for (const index of [embedded, onOpenSearch.index]) await index.put(changes);
      let found = 0;
      for (const type of new Set(all.map(({ resourceType }) => resourceType))) {
        const ofType = all.filter(({ resourceType }) => resourceType === type);
        const parameters = searches(definitions, type, ofType);
        const pairs = parameters.map((first, i) => [first, parameters[(i * 31 + 7) % parameters.length] ?? first]);
        const queries = [...parameters.map((each) => [each]), ...pairs].filter((_, i) => isThorough || i % 7 === 0);
        await inParallel(queries, 4, async (query) => {
          const request = requireUnchained(parseSearch(definitions, type, query, options));
          const wanted = ofType.filter((each) => match(request, each)).map(({ id }) => id ?? '');
          const [here, there] = await Promise.all([find(embedded, request), find(onOpenSearch.index, request)]);
          expect([type, query, here.sort()]).toEqual([type, query, wanted.sort()]);
          expect([type, query, there.sort()]).toEqual([type, query, wanted]);
          found += wanted.length;
        });
      }
      expect(found).toBeGreaterThan(1_000);
    } finally {
      await onOpenSearch.close();
      await commitsOf(root).close();
      await root.close();
      rmSync(folder, { recursive: true });
    }
  },
);
