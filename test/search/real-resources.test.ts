import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { commitsOf } from '../../lmdb/commits.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { match } from '../../search/match.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained } from '../../search/request.js';
import { searches } from './searches-for.js';
import { firstVersions } from '../support/first-versions.js';

/** Resources made by Synthea, with ids of their own. */
function resources(version: FhirVersion): Resource[] {
  const file = new URL(`../fixtures/extraction/synthea-${version}.json`, import.meta.url);
  const all = JSON.parse(readFileSync(file, 'utf8')) as Resource[];
  return all.map((each, i) => ({ ...each, id: String(i + 1) }));
}

test.each(fhirVersions)(
  '%s: by every parameter of real resources, the index finds what a scan finds',
  async (version) => {
    const definitions = await loadDefinitions(version);
    const folder = mkdtempSync(join(tmpdir(), 'real-resources-'));
    const root = open({ path: folder, cache: false, noSync: true });
    const all = resources(version);
    const options = { handling: 'strict', defaultCount: 20, maxCount: 1000, now: Date.UTC(2026, 0, 1) } as const;
    try {
      // Half of the searches collect what they find, half walk along the lists; what they find is on disk in part.
      const limits = [{}, { collected: 0, sorted: 0 }];
      const opened = limits.map((limit, i) => lmdbSearchIndex(root, String(i), definitions, { ...limit, pending: 0 }));
      const indexes = opened.map(({ index }) => index);
      for (const { index, merge } of opened) {
        const changes = firstVersions(all);
        await index.put(changes.slice(0, changes.length / 3));
        while (await merge());
        await index.put(changes.slice(changes.length / 3));
        await merge();
      }
      let found = 0;
      for (const type of new Set(all.map(({ resourceType }) => resourceType))) {
        const ofType = all.filter(({ resourceType }) => resourceType === type);
        for (const [i, parameter] of searches(definitions, type, ofType).entries()) {
          const request = requireUnchained(parseSearch(definitions, type, [parameter], options));
          const wanted = ofType.filter((each) => match(request, each)).map(({ id }) => id ?? '');
          const page = await indexes[i % 2]?.search({ request, access: { kind: 'everything' }, limit: 1000 });
          const hits = page?.hits.filter(({ id }) => match(request, all[Number(id) - 1] ?? { resourceType: '' }));
          expect([type, parameter, hits?.map(({ id }) => id).sort()]).toEqual([type, parameter, wanted.sort()]);
          found += wanted.length;
        }
      }
      expect(found).toBeGreaterThan(1_000);
    } finally {
      await commitsOf(root).close();
      await root.close();
      rmSync(folder, { recursive: true });
    }
  },
);
