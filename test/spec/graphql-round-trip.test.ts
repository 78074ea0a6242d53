import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { unpackArtifact } from '../../codegen/load/maven.js';
import type { FhirVersion } from '../../fhir/version.js';
import { loadApi } from '../../schema/load-api.js';
import { startGraphqlServer } from '../resolvers/graphql-server.js';
import { roundTrip } from '../resolvers/round-trip.js';

/** Longer examples are definitions of FHIR itself in one bundle: beyond what one GraphQL answer takes. */
const maxCharacters = 1_000_000;

/** Reads every example by GraphQL, updates it with what was read, and lists what changed or failed. */
const check = async (version: FhirVersion, folder: string): Promise<{ same: number; refused: number }> => {
  const graphql = await startGraphqlServer(version);
  const schema = buildSchema(`scalar AWSJSON ${(await loadApi(version)).schema}`, { assumeValidSDL: true });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  const counts = { same: 0, refused: 0 };
  const changed: string[] = [];
  for (const file of files.sort()) {
    const text = readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, '');
    if (text.length > maxCharacters || !text.includes('"resourceType"')) continue;
    try {
      const trip = await roundTrip(graphql, schema, text);
      if (trip === undefined) counts.refused += 1;
      else if (trip.before === trip.after) counts.same += 1;
      else changed.push(file);
    } catch (failure) {
      changed.push(`${file}: ${failure instanceof Error ? failure.message : String(failure)}`);
    }
  }
  await graphql.close();
  expect(changed).toEqual([]);
  return counts;
};

test('the R4 examples on Maven are the same after they were read and written by GraphQL', async () => {
  const folder = await unpackArtifact('com.ibm.fhir:fhir-examples:4.11.1', 'json/**');
  const { same, refused } = await check('r4', join(folder, 'json'));
  expect(same).toBeGreaterThan(2_000);
  expect(refused).toBeLessThan(250);
});

const stu3 = process.env['FHIR_STU3_EXAMPLES'];
(stu3 === undefined ? test.skip : test)(
  'the STU3 examples in FHIR_STU3_EXAMPLES are the same after they were read and written by GraphQL',
  async () => {
    const { same, refused } = await check('stu3', stu3 ?? '');
    expect(same).toBeGreaterThan(500);
    expect(refused).toBeLessThan(10);
  },
);
