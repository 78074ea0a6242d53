import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { Cost } from '../../graphql/execute/cost.js';
import { projectionOf } from '../../graphql/execute/projection.js';
import { ObjectResult } from '../../graphql/execute/result.js';
import { Walk } from '../../graphql/execute/walk.js';
import { fhirType } from '../../graphql/fields.js';
import { standardLimits } from '../../graphql/limits.js';
import { compile } from '../../graphql/plan/compile.js';
import type { FieldPlan } from '../../graphql/plan/field-plan.js';
import { readOperation } from '../../graphql/request.js';
import { shaped } from '../../graphql/shape.js';
import type { JsonObject } from '../../graphql/variables.js';

const definitions = await loadDefinitions('r4');
const fieldsOf = (selection: string): readonly FieldPlan[] =>
  compile(definitions, readOperation({ query: `{ ${selection} }` }), fhirType('Patient'));

const plain = fieldsOf(
  `type: __typename id active deceasedBoolean birthDate _birthDate { id }
   name { use family given _given { id } period { start } } maritalStatus { text coding { code } } contact { gender name { family } }`,
);

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(
    fc.constantFrom(
      'id',
      'use',
      'family',
      'given',
      '_given',
      'period',
      'start',
      'text',
      'coding',
      'code',
      'name',
      'gender',
    ),
    tie('value'),
    { maxKeys: 5 },
  ),
})).value;
const resource = fc.dictionary(
  fc.constantFrom(
    'id',
    'active',
    'deceasedBoolean',
    'birthDate',
    '_birthDate',
    'name',
    'maritalStatus',
    'contact',
    'other',
  ),
  value,
  { maxKeys: 9 },
);

test('plain fields are laid out at once as they are step by step, and cost the same', () => {
  const project = projectionOf(plain);
  if (project === undefined) throw new Error('they are not plain');
  fc.assert(
    fc.property(resource, fc.boolean(), (found: JsonObject, nulls) => {
      const [atOnce, byStep] = [new Cost(standardLimits), new Cost(standardLimits)];
      const shown = project(found, atOnce, nulls);
      const key = { type: 'Patient', id: 'p1' };
      const result = new Walk(definitions, byStep, [], undefined).storedObject({ key, resource: found }, plain);
      expect(result).toBeInstanceOf(ObjectResult);
      expect(JSON.stringify(shown)).toBe(JSON.stringify(shaped(result, nulls)));
      expect(atOnce).toEqual(byStep);
    }),
  );
});

test.each([
  ['a filter', 'name(use: "official") { family }'],
  ['an expression', 'name(fhirpath: "family.exists()") { family }'],
  ['a directive that lays out, at any depth', 'contact { name @first { family } }'],
  ['what must be read', 'managingOrganization { resource { id } }'],
  ['what refers to it', 'ObservationList(_reference: subject) { id }'],
  ['a resource inside', 'contained { id }'],
])('%s is no plain field', (_, selection) => {
  expect(projectionOf(fieldsOf(`id ${selection}`))).toBeUndefined();
});
