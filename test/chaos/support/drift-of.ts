import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findDrift } from '../../../indexer/drift.js';
import { openAwsIndices } from '../../../local/compose-aws.js';
import type { EmbeddedServer } from '../../../local/compose.js';
import { readSettings } from '../../../local/settings.js';
import { defaultTenant } from '../../../persistence/keys.js';

/** How a search index differs from its store now: a line for each resource that does. */
export async function driftNow({ table, bodies, index, inspection }: EmbeddedServer): Promise<readonly string[]> {
  const settle = (): Promise<void> => Promise.resolve();
  const { drifts } = await findDrift({ table, bodies, index, inspection, settle });
  return drifts.map(({ tenant, type, id, what }) => {
    return `${tenant === defaultTenant ? '' : tenant}${type}/${id} is ${what} in the index`;
  });
}

/** How often it is looked whether the stream has brought everything, half a second apart. */
const mostLooks = 120;

/**
 * How the search index differs from the store, once the stream has had time to bring everything.
 * @param environment of the server, its engines themselves.
 * @returns a line for each resource that differs.
 */
export async function driftOf(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { engines } = readSettings({ ...process.env, ...environment });
  if (engines.kind !== 'aws') throw new Error('The settings name no engines');
  const folder = mkdtempSync(join(tmpdir(), 'fhir-chaos-'));
  const opened = await openAwsIndices(engines, folder);
  try {
    let lines: readonly string[] = [];
    for (let look = 0; look < mostLooks; look += 1) {
      lines = await driftNow(opened.servers.r4);
      if (lines.length === 0) return lines;
      await pause(500);
    }
    return lines;
  } finally {
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
