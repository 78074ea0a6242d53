import { expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '../../interactions/create.js';
import { searchType } from '../../interactions/search-type.js';
import { type EmbeddedServers, openServers } from '../../local/compose.js';
import type { DefinitionOptions } from '../../compose/serve.js';
import { testGuides } from '../support/guides.js';
import { callerOf } from '../support/server.js';

test('a guide with new search parameters makes the index anew at the next start, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reindex-'));
  const told: unknown[] = [];
  const started = async (options: DefinitionOptions, use: (servers: EmbeddedServers['servers']) => Promise<void>) => {
    told.length = 0;
    const opened = await openServers(folder, { ...options, onReindex: (...what) => told.push(what) });
    await use(opened.servers);
    await opened.close();
  };
  const caller = callerOf('practitioner');
  const url = 'http://example.org/clinic/StructureDefinition/clinic-ward';
  await started({}, async ({ r4 }) => {
    const resource = { resourceType: 'Patient', extension: [{ url, valueCode: 'surgery' }] };
    await create(r4, caller, { resource });
    expect(told).toEqual([]);
  });
  const guides = await testGuides();
  for (const expected of [
    [
      ['r4', undefined],
      ['r4', { resources: 1, deleted: 0 }],
    ],
    [],
  ]) {
    await started({ guides }, async ({ r4 }) => {
      const { total } = await searchType(r4, caller, {
        type: 'Patient',
        parameters: [['ward', 'surgery']],
        handling: 'strict',
      });
      expect([total, told]).toEqual([1, expected]);
    });
  }
  rmSync(folder, { recursive: true });
});
