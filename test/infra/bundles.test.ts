import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBudget } from '../../bench/cold-start/budget.js';
import { bundleNames, bundleSize } from '../../bench/cold-start/bundle-size.js';
import { type Engines, startStubs } from '../../bench/cold-start/engines.js';
import { type AskedFor, type BundledFunction, restFunction } from '../../bench/cold-start/function.js';
import { type FhirVersion, fhirVersions } from '../../fhir/version.js';
import { projectFolder } from '../../local/project-folder.js';

/** What is looked at in answers. */
interface AnswerJson {
  readonly id: string;
  readonly gender?: string;
  readonly valueString?: string;
  readonly data?: object;
  readonly parameter?: readonly { readonly name: string; readonly valueString?: string }[];
}

// The bundles of the functions as `npm run build:lambda` makes them.

const fileOf = (...path: string[]): string => readFileSync(join(projectFolder(), ...path), 'utf8');

test('each function is within its budget', () => {
  const budget = readBudget().sizes;
  expect(bundleNames()).toEqual(Object.keys(budget));
  const over = Object.entries(budget).flatMap(([name, { total, start }]) => {
    const size = bundleSize(name);
    return size.total <= total && size.start <= start ? [] : [{ name, ...size }];
  });
  expect(over).toEqual([]);
});

test('no function asks for a package: all of what it needs is in its bundle', () => {
  const { dependencies } = JSON.parse(fileOf('package.json')) as { dependencies: object };
  const names = Object.keys(dependencies).filter((name) => name !== 'express'); // which says its own name to depd
  const asking = names.map((name) => new RegExp(`(?:\\(|\\b(?:from|import))["']${name}["'/]`));
  const asked = bundleNames().flatMap((name) =>
    readdirSync(join(projectFolder(), 'dist/lambda', name))
      .filter((file) => file.endsWith('.mjs'))
      .flatMap((file) => asking.flatMap((one) => one.exec(fileOf('dist/lambda', name, file))?.[0] ?? [])),
  );
  expect(asked).toEqual([]);
});

test('what is left out of the library of OpenSearch is nothing that searches ask for', () => {
  const sources = readdirSync(join(projectFolder(), 'search/opensearch')).map((file) => `search/opensearch/${file}`);
  const parts = sources.flatMap((file) =>
    [...fileOf(file).matchAll(/\bclient\.(\w+)\.\w+\(/g)].map(([, part = '']) => part),
  );
  expect([...new Set(parts)].sort()).toEqual(['indices', 'transport']); // `transport` is the client's own
});

describe.each(fhirVersions)('the REST function of %s in a folder where no other module is found', (version) => {
  let engines: Engines;
  let rest: BundledFunction;
  beforeAll(async () => {
    engines = await startStubs();
    rest = restFunction(version, engines);
  });
  afterAll(async () => {
    rest.remove();
    await engines.close();
  });
  const ask = async (...asked: readonly AskedFor[]): Promise<readonly [status: number, json: AnswerJson][]> =>
    (await rest.run(asked)).answers.map(({ status, body }) => [status, JSON.parse(body) as AnswerJson]);
  const posted = (path: string, body: object): AskedFor => ({ method: 'POST', path: `/${version}/${path}`, body });

  test('knows the units of UCUM and the codes of FHIR', async () => {
    const [[, unit] = [], [, code] = []] = await ask(
      { path: `/${version}/CodeSystem/$lookup`, query: { system: 'http://unitsofmeasure.org', code: 'mg' } },
      {
        path: `/${version}/CodeSystem/$lookup`,
        query: { system: 'http://hl7.org/fhir/observation-status', code: 'final' },
      },
    );
    expect([displayOf(unit), displayOf(code)]).toEqual(['milligram', 'Final']);
  });

  test('keeps what is valid, refuses what is not by structure, invariant or code, and gives back what it kept', async () => {
    const observation = { resourceType: 'Observation', status: 'final', code: { text: 'weight' } };
    const [[created, kept] = [], ...refused] = await ask(
      posted('Observation', { ...observation, valueQuantity: { value: 70, unit: 'kg' } }),
      posted('Observation', { ...observation, weight: 70 }),
      posted('Observation', { ...observation, dataAbsentReason: { text: 'none' }, valueString: 'x' }),
      posted('Observation', { ...observation, status: 'done' }),
    );
    expect([created, ...refused.map(([status]) => status)]).toEqual([201, ...refusals[version]]);
    const [[read, same] = []] = await ask({ path: `/${version}/Observation/${String(kept?.id)}` });
    expect([read, same]).toEqual([200, kept]);
  });

  test('keeps in the bucket what is too large for an item', async () => {
    const comment = 'all is well; '.repeat(40_000);
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'weight' },
      valueString: comment,
    };
    const [[created, kept] = []] = await ask(posted('Observation', observation));
    const [[read, same] = []] = await ask({ path: `/${version}/Observation/${String(kept?.id)}` });
    expect([created, read, kept?.valueString]).toEqual([201, 200, comment]);
    expect(same).toEqual(kept);
    expect(engines.objects()).toBe(1);
  });

  test('patches by FHIRPath, answers GraphQL and validates by the profiles of FHIR', async () => {
    const [[, patient] = []] = await ask(posted('Patient', { resourceType: 'Patient', gender: 'female' }));
    const id = String(patient?.id);
    const replacing = [
      { name: 'type', valueCode: 'replace' },
      { name: 'path', valueString: 'Patient.gender' },
      { name: 'value', valueCode: 'other' },
    ];
    const patch = { resourceType: 'Parameters', parameter: [{ name: 'operation', part: replacing }] };
    const pulse = { resourceType: 'Observation', status: 'final', code: { text: 'pulse' } };
    const profile = { name: 'profile', valueUri: 'http://hl7.org/fhir/StructureDefinition/vitalsigns' };
    const [graph, valid, patched] = await ask(
      { path: `/${version}/$graphql`, query: { query: `{ Patient(id: "${id}") { gender } }` } },
      posted('Observation/$validate', {
        resourceType: 'Parameters',
        parameter: [{ name: 'resource', resource: pulse }, profile],
      }),
      { method: 'PATCH', path: `/${version}/Patient/${id}`, body: patch },
    );
    expect(graph?.[1].data).toEqual({ Patient: { gender: 'female' } });
    expect(JSON.stringify(valid?.[1])).toContain('Observation.category');
    expect([patched?.[0], patched?.[1].gender]).toEqual([200, 'other']);
  });
});

/** Statuses for an element that is none, a broken invariant, and a code that is not in its value set. */
const refusals: Readonly<Record<FhirVersion, readonly number[]>> = { r4: [422, 422, 422], stu3: [422, 422, 422] };

const displayOf = (answer: AnswerJson | undefined): string | undefined =>
  answer?.parameter?.find(({ name }) => name === 'display')?.valueString;
