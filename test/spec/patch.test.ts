import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { unpackArtifact } from '../../codegen/load/maven.js';
import { applyJsonPatch, readJsonPatch } from '../../fhir/patch/json-patch.js';
import { applyPatch } from '../../fhir/patch/patch.js';
import { readFhirPathPatch } from '../../fhir/patch/fhirpath-patch.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { fhirVersions } from '../../fhir/version.js';
import { elementsOf, resourceOfXml, rootOf } from '../support/xml-resource.js';

let folder: string;
beforeAll(async () => {
  const cases = await unpackArtifact(
    'org.hl7.fhir.testcases:fhir-test-cases:1.5.20',
    'org/hl7/fhir/testcases/r4/patch/**',
  );
  folder = join(cases, 'org/hl7/fhir/testcases/r4/patch');
});

/** White space between tags of narrative does not count, nor does the order of members. */
const comparable = (resource: Resource): unknown =>
  JSON.parse(JSON.stringify(resource), (name, value: unknown) =>
    name === 'div' && typeof value === 'string'
      ? value.replace(/\s+/g, ' ').replaceAll('> <', '><').replaceAll('"', "'").replaceAll('&quot;', "'")
      : value,
  );

test.each(fhirVersions)('HL7’s cases of FHIRPath Patch, on the resources of %s', async (version) => {
  const definitions = await loadDefinitions(version);
  const { structures } = definitions;
  const done = { patched: 0, refused: 0 };
  for (const each of elementsOf(rootOf(readFileSync(join(folder, 'fhir-path-tests.xml'), 'utf8')))) {
    const parts = new Map(elementsOf(each).map((part) => [part.name, part]));
    const resourceIn = (name: string): Resource => {
      const [resource] = elementsOf(parts.get(name) ?? each);
      if (resource === undefined) throw new Error(`${each.attributes['name'] ?? ''} has no ${name}`);
      return resourceOfXml(structures, resource);
    };
    const operations = readFhirPathPatch(definitions, resourceIn('diff'));
    const patching = applyPatch(definitions, resourceIn('input'), { kind: 'fhirpath', operations });
    if (parts.has('error')) {
      await expect(patching).rejects.toMatchObject({ status: 422 });
      done.refused += 1;
    } else {
      const name = each.attributes['name'];
      expect([name, comparable(await patching)]).toEqual([name, comparable(resourceIn('output'))]);
      done.patched += 1;
    }
  }
  expect(done).toEqual({ patched: 32, refused: 1 });
});

test('HL7’s cases of JSON Patch', () => {
  interface Case {
    readonly comment: string;
    readonly doc: unknown;
    readonly patch: unknown;
    readonly expected?: unknown;
    readonly error?: string;
  }
  const cases = JSON.parse(readFileSync(join(folder, 'json-patch-tests.json'), 'utf8')) as readonly Case[];
  for (const { comment, doc, patch, expected, error } of cases) {
    const apply = (): unknown => applyJsonPatch(doc, readJsonPatch(patch));
    if (error === undefined) expect([comment, apply()]).toEqual([comment, expected]);
    else expect(apply).toThrow(/^Operation 1 /);
  }
  expect(cases).toHaveLength(16);
});
