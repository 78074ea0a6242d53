import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { unpackArtifact } from '../../codegen/load/maven.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { elementsOf, resourceOfXml, rootOf } from '../support/xml-resource.js';

const artifact = 'org.hl7.fhir.testcases:fhir-test-cases:1.5.20';
const root = 'org/hl7/fhir/testcases/r4';

/** The resources the cases use. */
const examples = [
  'patient-example',
  'patient-example-xds',
  'patient-glossy-example',
  'condition-example',
  'observation-example',
  'observation-example-20minute-apgar-score',
  'medicationdispenseexample8',
  'list-example-long',
];

const active = ['example', 'xds', 'glossy'].map((id) => ({ id, active: true }));

/** Cases whose answer is another one here, each with its reason. */
const different: Readonly<Record<string, unknown>> = {
  // GraphQL merges fields of one name in one object (FieldsInSetCanMerge); HL7's engine makes a list of them.
  'extension-simple': {
    subject: {
      resource: {
        birthDate: '2016-05-18',
        _birthDate: { extension: [{ valueDateTime: '2016-05-18T10:28:45Z' }] },
      },
    },
  },
  // HL7's server is made up: it finds the same two patients whatever is searched for, here every active one is found.
  'search-simple': { PatientList: active },
  // The same, and it says 50 matches, a score, and a cursor of its own.
  'search-full': {
    PatientConnection: {
      count: 3,
      offset: 0,
      pagesize: 20,
      edges: active.map((resource) => ({ mode: 'match', resource })),
      first: expect.any(String),
      last: expect.any(String),
    },
  },
};

let server: TestServer;
let folder: string;
beforeAll(async () => {
  folder = join(await unpackArtifact(artifact, `${root}/**`), root);
  server = await startTestServer({ validation: 'structure' });
  const { structures } = await loadDefinitions('r4');
  for (const name of examples) {
    const body = resourceOfXml(structures, rootOf(readFileSync(join(folder, `examples/${name}.xml`), 'utf8')));
    const { status, text } = await server.send('PUT', `/r4/${body.resourceType}/${body.id ?? ''}`, { body });
    if (status !== 201) throw new Error(`${name}: ${text}`);
  }
});
afterAll(() => server.close());

interface Case {
  readonly name: string;
  readonly source: string;
  readonly output: string;
  readonly context: string;
  readonly operation?: string;
}

const casesOf = (): Case[] =>
  elementsOf(rootOf(readFileSync(join(folder, 'graphql/manifest.xml'), 'utf8'))).map(
    ({ attributes }) => attributes as unknown as Case,
  );

describe('HL7’s cases of GraphQL', () => {
  test('are answered as they say', async () => {
    const cases = casesOf();
    for (const { name, source, output, context, operation } of cases) {
      const body = {
        query: readFileSync(join(folder, 'graphql', source), 'utf8'),
        ...(operation === undefined ? {} : { operationName: operation, variables: { var: true } }),
      };
      // The case names the file of the list, not its id.
      const target = context === '' ? '/r4/$graphql' : `/r4/${context.replace('example-long', 'long')}`;
      const { status, json } = await server.send('POST', target, { body });
      if (output === '$error') {
        expect([name, status >= 400]).toEqual([name, true]);
        expect(json).toMatchObject({ data: null, errors: [{ message: expect.any(String) }] });
        continue;
      }
      const expected =
        different[name] ?? (JSON.parse(readFileSync(join(folder, 'graphql', output), 'utf8')) as unknown);
      expect([name, json]).toEqual([name, { data: expected }]);
    }
    expect(cases).toHaveLength(29);
  });
});
