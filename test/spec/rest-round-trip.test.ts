import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { unpackArtifact } from '../../codegen/load/maven.js';
import { parseJson, stringifyJson } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import { validateResource } from '../../fhir/validate.js';
import type { FhirVersion } from '../../fhir/version.js';
import { startTestServer } from '../support/server.js';

/** A resource without what the server sets. */
function bare(resource: Resource): string {
  const { resourceType, id, meta = {}, ...rest } = resource;
  const kept = Object.entries(meta).filter(([name]) => name !== 'versionId' && name !== 'lastUpdated');
  return stringifyJson({ resourceType, id, ...rest, ...(kept.length === 0 ? {} : { meta: Object.fromEntries(kept) }) });
}

/** Stores examples as the server is by default, and reads them. Those that break the structure of their type are named by `validation.test.ts`. */
const check = async (version: FhirVersion, folder: string): Promise<void> => {
  const server = await startTestServer();
  try {
    const different: string[] = [];
    let stored = 0;
    const store = async (file: string): Promise<void> => {
      const resource = parseJson(readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, '')) as Resource;
      if (validateResource(server.servers[version].definitions, resource).length > 0) return;
      const id = resource.id ?? 'example';
      const url = `/${version}/${resource.resourceType}/${id}`;
      // Idle connections are closed while a large file is read.
      const headers = { 'content-type': 'application/fhir+json', connection: 'close' };
      const put = await server.send('PUT', url, { headers, body: stringifyJson({ ...resource, id }) });
      // Without Accept a Binary is its content.
      const read = await server.send('GET', url, {
        headers: { connection: 'close', accept: 'application/fhir+json' },
      });
      const isStored = put.status === 200 || put.status === 201;
      if (!isStored) different.push(`${file}: ${String(put.status)} ${put.text.slice(0, 200)}`);
      else if (bare(parseJson(read.text) as Resource) !== bare({ ...resource, id })) different.push(`${file} changes`);
      stored += 1;
    };
    // One after the other: several files may hold one resource.
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) await store(file);
    expect(different).toEqual([]);
    expect(stored).toBeGreaterThan(600);
  } finally {
    await server.close();
  }
};

test('the R4 examples on Maven are stored and come back equal', async () => {
  const folder = await unpackArtifact('com.ibm.fhir:fhir-examples:4.11.1', 'json/**');
  await check('r4', join(folder, 'json', 'spec'));
});

const stu3 = process.env['FHIR_STU3_EXAMPLES'];
(stu3 === undefined ? test.skip : test)(
  'the STU3 examples in FHIR_STU3_EXAMPLES are stored and come back equal',
  async () => {
    await check('stu3', stu3 ?? '');
  },
);
