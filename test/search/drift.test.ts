import { afterAll, describe } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { lmdbSearchIndex } from '../../search/lmdb.js';
import { testDrift } from '../contract/drift.js';

const folder = mkdtempSync(join(tmpdir(), 'drift-'));
const root = open({ path: folder, cache: false, noSync: true, maxDbs: 512 });
const definitions = await loadDefinitions('r4');
afterAll(async () => {
  await root.close();
  rmSync(folder, { recursive: true });
});

let indices = 0;
describe('compared with the embedded index', () => {
  testDrift(() => Promise.resolve(lmdbSearchIndex(root, String((indices += 1)), definitions)));
});
