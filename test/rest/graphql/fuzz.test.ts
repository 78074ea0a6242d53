import { afterAll, beforeAll, test } from '@jest/globals';
import fc from 'fast-check';
import { fhirVersions } from '../../../fhir/version.js';
import { ask } from '../../support/graphql.js';
import { isOnDynamoDb, startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    const body = {
      resourceType: 'Patient',
      id: 'p1',
      name: [{ family: 'A', given: ['B', 'C'] }, { text: 'D' }],
      contact: [{ name: { family: 'E' } }],
      contained: [{ resourceType: 'Organization', id: 'o', name: 'F' }],
      managingOrganization: { reference: '#o' },
    };
    await server.send('PUT', `/${version}/Patient/p1`, { body });
  }
});
afterAll(() => server.close());

const value = fc.constantFrom(
  '1',
  '-1.50',
  '"x"',
  'official',
  'true',
  'null',
  '$v',
  '[]',
  '[1, null]',
  '{a: 1}',
  '"use = 1"',
  '"$index"',
  '"given.first().length() = 1"',
  '"a|b"',
);
const argument = fc
  .tuple(
    fc.constantFrom(
      'id',
      'use',
      'fhirpath',
      '_count',
      '_offset',
      'family',
      '_reference',
      'optional',
      'type',
      '_sort',
      'birthdate',
      '_cursor',
      'res',
      'if',
      'path',
    ),
    value,
  )
  .map(([name, text]) => `${name}: ${text}`);
const given = fc.array(argument, { maxLength: 2 }).map((all) => (all.length === 0 ? '' : `(${all.join(', ')})`));
const directive = fc
  .tuple(fc.constantFrom('@flatten', '@first', '@singleton', '@slice', '@skip', '@include', '@x'), given)
  .map(([name, text]) => name + text);
const fieldName = fc.constantFrom(
  'id',
  'name',
  'family',
  'given',
  '_birthDate',
  'contact',
  'contained',
  'managingOrganization',
  'resource',
  'reference',
  '__typename',
  'ObservationList',
  'PatientConnection',
  'edges',
  'count',
  'extension',
  'Patient',
  'PatientList',
  'a: name',
  'a: id',
  '__proto__: id',
  'constructor',
);
const { set } = fc.letrec<{ readonly set: string; readonly selection: string }>((tie) => ({
  set: fc.array(tie('selection'), { minLength: 1, maxLength: 4 }).map((all) => `{ ${all.join(' ')} }`),
  selection: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fieldName,
    fc
      .tuple(fieldName, given, fc.array(directive, { maxLength: 2 }), fc.option(tie('set'), { nil: '' }))
      .map(([name, args, directives, inside]) => [name + args, ...directives, inside].join(' ')),
    fc
      .tuple(
        fc.constantFrom('... on Patient', '... on Organization', '... on HumanName', '...', '... on X'),
        tie('set'),
      )
      .map((parts) => parts.join(' ')),
    fc.constant('...F'),
  ),
}));

test.each(fhirVersions)(
  'whatever is asked, the answer is data or errors, never a fault of the server: %s',
  async (version) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('query ($v: String)', 'query', 'mutation', ''),
        fc.constantFrom(`/${version}`, `/${version}/Patient/p1`),
        set,
        async (kind, place, selection) => {
          const query = `${kind} ${selection} fragment F on Patient { id name @flatten { family } }`;
          const { status, answer } = await ask(server, place, query, { variables: { v: 'w' } });
          const isAnswer = status === 200 && answer.data !== null && answer.data !== undefined;
          const areErrors = status >= 400 && status < 500 && answer.data === null && (answer.errors ?? []).length > 0;
          if (!isAnswer && !areErrors) throw new Error(`${String(status)} for ${query}`);
        },
      ),
      { numRuns: isOnDynamoDb ? 30 : 150 },
    );
  },
);
