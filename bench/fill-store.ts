// npx tsx bench/fill-store.ts FOLDER RESOURCES
// Fills the store of an embedded server, which must not run, until it has so many generated resources: in process, with the
// same commits and index as the server's, but unvalidated, by the thousand, and without a flush to disk before the end.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { loadDefinitions } from '../fhir/load-definitions.js';
import { indexable } from '../indexer/index-change.js';
import { commitsOf } from '../lmdb/commits.js';
import { tenantOf } from '../persistence/keys.js';
import { lmdbTable } from '../persistence/lmdb.js';
import { environmentOptions } from '../persistence/lmdb-root.js';
import type { ResourceWrite } from '../persistence/resource-store.js';
import { createResourceStore } from '../persistence/store.js';
import { currentChange } from '../persistence/stream.js';
import { lmdbSearchIndex } from '../search/lmdb.js';
import { openServers } from '../local/compose.js';
import { personOf, resourcesOf } from './people.js';

async function fill(folder: string, wanted: number): Promise<void> {
  await (await openServers(folder)).close(); // makes what a new store has
  const definitions = await loadDefinitions('r4');
  const path = join(folder, 'store');
  const root = open({ path, ...environmentOptions, noSync: true });
  const search = lmdbSearchIndex(root, 'r4:search', definitions);
  const table = lmdbTable(root, 'r4:resources', {
    inTransaction: (changes) =>
      search.stage(
        changes.flatMap((change) => {
          const version = currentChange(change);
          return version === undefined ? [] : [indexable(tenantOf(change.key.pk), version)];
        }),
      ),
  });
  const store = createResourceStore(table);
  const named = join(folder, 'patients');
  let seed = existsSync(named) ? readFileSync(named, 'utf8').trim().split('\n').length : 0;
  let done = 0;
  for (let each = 1; each <= seed; each += 1) done += resourcesOf(each);
  const before = done;
  const begun = performance.now();
  while (done < wanted) {
    const writes: ResourceWrite[] = [];
    const patients: string[] = [];
    while (writes.length < 1_000 && done < wanted) {
      seed += 1;
      for (const next of personOf(definitions, seed)) {
        writes.push({ kind: 'put', next });
        if (next.type === 'Patient') patients.push(next.id);
        done += 1;
      }
    }
    const { committed } = await store.commit(writes);
    if (!committed) throw new Error('A commit was refused');
    appendFileSync(named, patients.map((id) => `${id}\n`).join(''));
    while (await search.merge());
    if (Math.floor(done / 50_000) > Math.floor((done - writes.length) / 50_000)) tell();
  }
  function tell(): void {
    const seconds = (performance.now() - begun) / 1_000;
    const { user, system } = process.cpuUsage();
    const cpu = (user + system) / 1_000 / (done - before);
    const memory = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
    console.log(
      `${String(done)} resources, ${String(Math.round((done - before) / seconds))} a second, ${cpu.toFixed(3)} ms of processor time each, heap ${String(memory)} MiB`,
    );
  }
  tell();
  await root.flushed;
  await commitsOf(root).close();
  await root.close();
}

const [folder = '', resources = ''] = process.argv.slice(2);
await fill(folder, Number(resources));
