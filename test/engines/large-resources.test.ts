import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJson } from '../../fhir/json.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { stronglyConsistent } from '../../interactions/consistency.js';
import { history } from '../../interactions/history.js';
import { read } from '../../interactions/read.js';
import { searchType } from '../../interactions/search-type.js';
import { update } from '../../interactions/update.js';
import type { EmbeddedServers } from '../../local/compose.js';
import { s3Client } from '../../persistence/s3/client.js';
import { s3Bodies } from '../../persistence/s3.js';
import { reindexed } from '../support/jobs.js';
import { callerOf } from '../support/server.js';
import { openOnEngines } from './support/servers.js';
import { defaultTenant } from '../../persistence/keys.js';

const endpoint = process.env['S3_ENDPOINT'];
const caller = callerOf('practitioner');
const text = 'ä'.repeat(300_000); // 600,000 bytes, more than an item holds

(endpoint === undefined ? describe.skip : describe)('a resource too large for an item', () => {
  let folder: string;
  let opened: EmbeddedServers & { readonly engines: { readonly prefix: string } };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'large-'));
    opened = await openOnEngines(folder, { error: () => undefined });
  });
  afterAll(async () => {
    await opened.close();
    rmSync(folder, { recursive: true });
  });

  const resource = (family: string): { resourceType: string } => ({
    resourceType: 'Patient',
    ...{ id: 'large', name: [{ family }], photo: [{ title: text }] },
  });

  /** The versions whose bodies are in the bucket. */
  async function inBucket(version: FhirVersion): Promise<number[]> {
    const client = s3Client({ endpoint: endpoint ?? '', region: 'us-east-1' });
    const found: number[] = [];
    const bodies = s3Bodies(client, 'bodies', `${opened.engines.prefix}-${version}`);
    for await (const { key } of bodies.list(defaultTenant)) found.push(key.versionId);
    client.destroy();
    return found.sort();
  }

  test.each(fhirVersions)(
    'has its body in S3, and is read, searched, kept as history and indexed anew, %s',
    async (version) => {
      const server = stronglyConsistent(opened.servers[version], (error) => {
        throw error;
      });
      const key = { type: 'Patient', id: 'large' };
      const found = async (family: string): Promise<number | undefined> => {
        const parameters = [['family', family]] as const;
        return (await searchType(server, caller, { type: key.type, parameters, handling: 'strict' })).total;
      };
      for (const family of ['first', 'second']) {
        await update(server, caller, { key, resource: resource(family) });
      }
      expect(await inBucket(version)).toEqual([1, 2]);
      const { body } = await read(server, caller, key);
      expect(parseJson(body)).toMatchObject(resource('second'));
      expect([await found('first'), await found('second')]).toEqual([0, 1]);
      expect(await reindexed(server, callerOf('operator'))).toMatchObject({ resources: 1 });
      expect([await found('first'), await found('second')]).toEqual([0, 1]);
      const { versions } = await history(server, caller, { kind: 'instance', key }, []);
      expect(versions.map((each) => each.body.includes(text))).toEqual([true, true]);
    },
  );
});
