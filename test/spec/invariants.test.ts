import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { unpackArtifact } from '../../codegen/load/maven.js';
import { checkInvariants } from '../../fhir/check-invariants.js';
import { libraryEngine } from '../../fhir/fhirpath/library.js';
import { parseJson } from '../../fhir/json.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { validateResource } from '../../fhir/validate.js';
import type { FhirVersion } from '../../fhir/version.js';
import { compareInvariants } from '../support/invariant-oracle.js';

/** Where fhirpath.js and the compiler differ, and who is right. */
const accepted: Readonly<Record<string, string>> = {
  'dom-3': 'fhirpath.js refuses `as` of several values',
  'eld-16': 'fhirpath.js refuses patterns that escape letters which need it not',
  'eld-19': 'as eld-16',
  'eld-20': 'as eld-16',
  'que-7': 'fhirpath.js finds no System.Boolean in a FHIR boolean',
  'ras-1': 'fhirpath.js refuses elements that a decimal cannot have',
  'per-1': 'fhirpath.js reads .41 as 41 milliseconds',
};

/** Files up to so many bytes are compared: fhirpath.js takes long. */
const largest = 40_000;

/** The examples that break an invariant, by the first rule they break. */
type Broken = Readonly<Record<string, string>>;

const check = async (version: FhirVersion, folder: string, broken: Broken): Promise<void> => {
  const definitions = await loadDefinitions(version);
  const library = await libraryEngine(version);
  const found: Record<string, string> = {};
  const differences: unknown[] = [];
  let compared = 0;
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const path = join(folder, file);
    const value = parseJson(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    if (validateResource(definitions, value).length > 0) continue;
    const issues = checkInvariants(definitions, value);
    expect(issues.filter(({ code }) => code !== 'invariant')).toEqual([]);
    const rule = issues.find(({ severity }) => severity === 'error')?.diagnostics;
    if (rule !== undefined) found[file] = /rule ([\w-]+)/.exec(rule)?.[1] ?? rule;
    if (statSync(path).size > largest) continue;
    const comparison = compareInvariants(definitions, library, value);
    compared += comparison.compared;
    differences.push(
      ...comparison.differences.filter(({ key }) => !(key in accepted)).map((each) => ({ file, ...each })),
    );
  }
  expect(found).toEqual(broken);
  expect(differences).toEqual([]);
  expect(compared).toBeGreaterThan(5_000);
};

test('the R4 examples on Maven keep the invariants, as fhirpath.js evaluates them, but for those that do not', async () => {
  const folder = await unpackArtifact('com.ibm.fhir:fhir-examples:4.11.1', 'json/**');
  await check('r4', join(folder, 'json', 'spec'), {});
});

const stu3 = process.env['FHIR_STU3_EXAMPLES'];
(stu3 === undefined ? test.skip : test)(
  'the STU3 examples in FHIR_STU3_EXAMPLES keep the invariants, but for those that do not',
  async () => {
    await check('stu3', stu3 ?? '', {});
  },
);
