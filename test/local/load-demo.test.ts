import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { parseJson } from '../../fhir/json.js';
import { validateResource } from '../../fhir/validate.js';
import { fhirVersions } from '../../fhir/version.js';
import { demoPatientId } from '../../local/sign-in/users.js';

interface Entry {
  readonly resource: { readonly resourceType: string; readonly id: string };
  readonly request: { readonly method: string; readonly url: string };
}

describe.each(fhirVersions)('the %s demo', (version) => {
  const path = join(fileURLToPath(new URL('../../demo', import.meta.url)), `${version}.json`);
  const text = readFileSync(path, 'utf8');
  const { type, entry } = parseJson(text) as { type: string; entry: Entry[] };
  const names = entry.map(({ resource }) => `${resource.resourceType}/${resource.id}`);

  test('is one transaction that writes each resource under its own id, so that twice is as once', () => {
    expect(type).toBe('transaction');
    expect(entry.map(({ request }) => `${request.method} ${request.url}`)).toEqual(names.map((name) => `PUT ${name}`));
    expect(new Set(names).size).toBe(names.length);
  });

  test('holds whatever it refers to', () => {
    const references = [...text.matchAll(/"reference":"([^"#][^"]*)"/g)].map(([, reference]) => reference);
    expect(references.length).toBeGreaterThan(500);
    expect(references.filter((reference) => !names.includes(reference ?? ''))).toEqual([]);
  });

  test('is about the patient whom the local user `patient` is, with the practitioner behind the observations', () => {
    expect(names).toContain(`Patient/${demoPatientId}`);
    expect(names.filter((name) => name.startsWith('Practitioner/')).length).toBeGreaterThan(0);
    expect(names.filter((name) => name.startsWith('Observation/')).length).toBeGreaterThan(100);
  });

  test('is valid', async () => {
    const definitions = await loadDefinitions(version);
    const issues = entry.flatMap(({ resource }) => validateResource(definitions, resource));
    expect(issues).toEqual([]);
  });

  test('is small', () => {
    expect(text.length).toBeLessThan(500_000);
  });
});
