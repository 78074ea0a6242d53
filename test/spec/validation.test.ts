import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { unpackArtifact } from '../../codegen/load/maven.js';
import { parseJson, stringifyJson } from '../../fhir/json.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { validateResource } from '../../fhir/validate.js';
import type { FhirVersion } from '../../fhir/version.js';

/** A kind of example that breaks a rule of FHIR itself: which files, what is said first, how many there are. */
interface Exception {
  readonly files: RegExp;
  readonly because: RegExp;
  readonly count: number;
}

/** The questionnaires that the specification generates from its types leave out `linkId`, which is 1..1. */
const generatedQuestionnaires = /^spec\/[a-z0-9-]+-questionnaire\.json$/;

const r4Exceptions: readonly Exception[] = [
  { files: generatedQuestionnaires, because: /linkId is missing/, count: 188 },
  // Their `base` is empty, which is 1..*.
  {
    files: /^spec\/(codesystem|valueset)-extensions-(CodeSystem|ValueSet)-\w+\.json$/,
    because: /base is missing/,
    count: 10,
  },
  // 69 letters; an id has at most 64.
  {
    files: /^spec\/questionnaireresponse-extensions-QuestionnaireResponse-item-subject\.json$/,
    because: /must be an id/,
    count: 1,
  },
  // Codes that end in a no-break space.
  { files: /^spec\/v2-tables\.json$/, because: /without leading, trailing/, count: 1 },
  // References to what the element may not point at. The last is made up by the collection, not HL7's.
  { files: /^spec\/devicemetric-example\.json$/, because: /parent\.reference refers to a DeviceDefinition/, count: 1 },
  {
    files: /^spec\/deviceusestatement-example\.json$/,
    because: /reasonReference\[0\]\.reference refers to a Procedure/,
    count: 1,
  },
  { files: /^spec\/medicationrequest0301\.json$/, because: /performer\.reference refers to a Practitioner/, count: 1 },
  {
    files: /^spec\/observation-example-clinical-gender\.json$/,
    because: /performer\[0\]\.reference refers to a Encounter/,
    count: 1,
  },
  { files: /^ibm\/complete-mock\/EvidenceVariable-5\.json$/, because: /refers to a ActivityDefinition/, count: 1 },
  // An npm package's manifest, no resource.
  { files: /^spec\/package-min-ver\.json$/, because: /must have a resourceType/, count: 1 },
];

const check = async (version: FhirVersion, folder: string, exceptions: readonly Exception[]): Promise<void> => {
  const definitions = await loadDefinitions(version);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  expect(files.length).toBeGreaterThan(500);
  const excepted = exceptions.map(() => 0);
  const unexpected: string[] = [];
  for (const file of files.sort()) {
    const text = readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, '');
    const value = parseJson(text);
    if (stringifyJson(parseJson(stringifyJson(value))) !== stringifyJson(value)) unexpected.push(`${file} changes`);
    const [issue] = validateResource(definitions, value);
    if (issue === undefined) continue;
    const at = exceptions.findIndex(
      ({ files: those, because }) => those.test(file) && because.test(issue.diagnostics ?? ''),
    );
    if (at < 0) unexpected.push(`${file}: ${issue.diagnostics ?? ''}`);
    else excepted[at] = (excepted[at] ?? 0) + 1;
  }
  expect(unexpected).toEqual([]);
  expect(excepted).toEqual(exceptions.map(({ count }) => count));
};

test('the R4 examples on Maven are valid, but for those that break a rule', async () => {
  const folder = await unpackArtifact('com.ibm.fhir:fhir-examples:4.11.1', 'json/**');
  await check('r4', join(folder, 'json'), r4Exceptions);
});

const stu3 = process.env['FHIR_STU3_EXAMPLES'];
(stu3 === undefined ? test.skip : test)(
  'the STU3 examples in FHIR_STU3_EXAMPLES are valid, but for those that break a rule',
  async () => {
    await check('stu3', stu3 ?? '', [
      { files: /^Questionnaire-qs1\.json$/, because: /linkId is missing/, count: 1 },
      // References to what is contained, without the `#`, and to another example, without its type.
      { files: /^DiagnosticReport-report\.json$/, because: /it is "c1"/, count: 1 },
      { files: /^Library-library-fhir-helpers\.json$/, because: /it is "library-fhir-helpers-predecessor"/, count: 1 },
      // It has neither name nor status.
      { files: /^ImplementationGuide-fhir\.json$/, because: /name is missing/, count: 1 },
    ]);
  },
);
