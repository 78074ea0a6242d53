import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type DriftSpace, findDrift } from '../../../indexer/drift.js';
import { openAwsIndices } from '../../../local/compose-aws.js';
import type { EmbeddedServer } from '../../../local/compose.js';
import { readSettings } from '../../../local/settings.js';
import { currentKey, defaultTenant, partitionKey } from '../../../persistence/keys.js';

/** What is compared, when it is not everything. */
export interface DriftPart {
  /** The resources (`Patient/1`) that the index is to have as the store has them. */
  readonly compared: readonly string[];
  /** Those that are in the store: whatever else the index has is looked for there. */
  readonly known: (key: string) => boolean;
}

/** How a search index differs from its store now, or a part of them: a line for each resource that does. */
export async function driftNow(
  { table, bodies, index, inspection }: EmbeddedServer,
  part?: DriftPart,
): Promise<readonly string[]> {
  const settle = (): Promise<void> => Promise.resolve();
  const compared = part === undefined ? { table, inspection } : partOf({ table, inspection }, part);
  const { drifts } = await findDrift({ ...compared, bodies, index, settle });
  return drifts.map(({ tenant, type, id, what }) => {
    return `${tenant === defaultTenant ? '' : tenant}${type}/${id} is ${what} in the index`;
  });
}

type Compared = Pick<DriftSpace, 'table' | 'inspection'>;

const partOf = ({ table, inspection }: Compared, { compared, known }: DriftPart): Compared => ({
  table: {
    batchGet: (keys) => table.batchGet(keys),
    async scan() {
      const keys = compared.map((key) => {
        const [type = '', id = ''] = key.split('/');
        return { pk: partitionKey(defaultTenant, type, id), sk: currentKey };
      });
      return { items: (await table.batchGet(keys)).filter((item) => item !== undefined) };
    },
  },
  inspection: {
    compare: (versions) => inspection.compare(versions),
    async *keys() {
      for await (const keys of inspection.keys()) yield keys.filter(({ type, id }) => !known(`${type}/${id}`));
    },
  },
});

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
