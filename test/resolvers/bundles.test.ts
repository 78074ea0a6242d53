import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileBundle } from '../../local/appsync/bundle/compile.js';
import { bundleResolvers, resolverNames } from '../../resolvers/bundle.mjs';
import { loadApi } from '../../schema/load-api.js';
import { startGraphqlServer } from './graphql-server.js';

describe('the bundled resolvers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-bundles-'));
  const code = (name: string): string => readFileSync(join(folder, `${name}.js`), 'utf8');
  beforeAll(() => bundleResolvers(folder));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('are the codes the APIs name, no more and no less', async () => {
    const { resolvers, functions } = await loadApi('r4');
    const named = new Set([...resolvers, ...functions].map((each) => each.code));
    expect([...resolverNames].sort()).toEqual([...named].sort());
    expect(readdirSync(folder).sort()).toEqual(resolverNames.map((name) => `${name}.js`).sort());
  });

  test.each(resolverNames)(
    '%s is code that AppSync takes, with both handlers, in at most 32,768 characters',
    (name) => {
      expect(code(name).length).toBeLessThanOrEqual(32_768);
      expect(() => compileBundle(name, code(name))).not.toThrow();
      expect(code(name)).toMatch(/export \{\s*request,\s*response\s*\}/);
    },
  );

  test.each(resolverNames)('%s imports nothing but @aws-appsync/utils', (name) => {
    const imported = [...code(name).matchAll(/from ["']([^"']+)["']/g)].map(([, module]) => module);
    expect(imported.filter((module) => module !== '@aws-appsync/utils')).toEqual([]);
  });
});

const throwing = (name: string): Record<string, string> => ({
  [name]: `import { util } from '@aws-appsync/utils';
    export function request() { util.error('replaced', 'Replaced'); }
    export function response() { util.error('replaced', 'Replaced'); }`,
});

describe('no field is served outside a bundle', () => {
  test.each([
    ['read', '{ Patient(id: "1") { id } }'],
    ['read-current', '{ Patient(id: "1") { id } }'],
    ['read-by-lambda', '{ Patient(id: "1") { id } }'],
    ['list', '{ PatientList { id } }'],
    ['connection', '{ PatientConnection { count } }'],
    ['reverse-list', '{ Patient(id: "1") { ObservationList(_reference: subject) { id } } }'],
    ['reverse-connection', '{ Patient(id: "1") { ObservationConnection(_reference: subject) { count } } }'],
    ['reference', '{ Patient(id: "1") { managingOrganization { resource { id } } } }'],
    ['create', 'mutation { PatientCreate(res: {}) { location } }'],
    ['update', 'mutation { PatientUpdate(id: "2", res: {}) { location } }'],
    ['delete', 'mutation { PatientDelete(id: "2") { location } }'],
  ])('with a %s that fails, its fields fail', async (name, query) => {
    const graphql = await startGraphqlServer('r4', throwing(name));
    try {
      const store =
        'mutation { PatientUpdate(id: "1", res: { managingOrganization: { reference: "Organization/1" } }) { location } }';
      if (name !== 'update') expect((await graphql.execute(store)).errors).toEqual([]);
      // A patient's read goes on to the Lambda, a practitioner's ends at the item.
      const as = name === 'read-by-lambda' ? 'patient' : 'practitioner';
      const { errors } = await graphql.execute(query, {}, as);
      expect(errors).toMatchObject([{ message: 'replaced', errorType: 'Replaced' }]);
    } finally {
      await graphql.close();
    }
  });
});
