import { describe, expect, test } from '@jest/globals';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { GraphqlRefusal } from '../../graphql/failure.js';
import { compile } from '../../graphql/plan/compile.js';
import type { FieldPlan } from '../../graphql/plan/field-plan.js';
import { readOperation } from '../../graphql/request.js';

const r4 = await loadDefinitions('r4');
const stu3 = await loadDefinitions('stu3');
const compiled = (query: string, variables: object = {}, definitions = r4): readonly FieldPlan[] =>
  compile(definitions, readOperation({ query, variables }), { kind: 'query' });
const insideOf = ([plan]: readonly FieldPlan[]): readonly FieldPlan[] =>
  plan !== undefined && 'fields' in plan.content ? plan.content.fields : [];
const keys = (fields: readonly FieldPlan[]): string[] => fields.map(({ key }) => key);

describe('what no variable makes different is compiled once', () => {
  test('for all requests with the same document', () => {
    const query = 'query($id: ID!) { Patient(id: $id) { id name { family } } }';
    const [first, second] = [compiled(query, { id: 'a' }), compiled(query, { id: 'b' })];
    expect(insideOf(second)).toBe(insideOf(first));
    expect([first, second].map(([plan]) => plan?.content)).toMatchObject([
      { target: { id: 'a' } },
      { target: { id: 'b' } },
    ]);
  });

  test('and what a variable makes different is compiled each time, in fragments as well', () => {
    for (const [selection, fragment] of [
      ['id birthDate @include(if: $all)', ''],
      ['id ... on Patient @include(if: $all) { birthDate }', ''],
      [
        '...outer',
        'fragment outer on Patient { id ...inner } fragment inner on Patient { birthDate @include(if: $all) }',
      ],
    ]) {
      const query = `query($all: Boolean!) { Patient(id: "a") { ${String(selection)} } } ${String(fragment)}`;
      for (const all of [true, false, true]) {
        expect(keys(insideOf(compiled(query, { all })))).toEqual(all ? ['id', 'birthDate'] : ['id']);
      }
    }
  });

  test('for each type and place where a fragment stands', () => {
    const query = `query($id: ID!) { Patient(id: $id) { ...named } Practitioner(id: $id) { ...named } }
      fragment named on Resource { ... on Patient { name { family } } ... on Practitioner { name { given } } }`;
    for (const id of ['a', 'b']) {
      const paths = compiled(query, { id }).map((plan) => insideOf(insideOf([plan])).map(({ path }) => path.join('.')));
      expect(paths).toEqual([['Patient.name.family'], ['Practitioner.name.given']]);
    }
  });

  test('for each version', () => {
    const query = 'query($id: ID!) { Patient(id: $id) { deceasedBoolean animal { species { text } } } }';
    expect(() => compiled(query, { id: 'a' }, r4)).toThrow(GraphqlRefusal);
    expect(keys(insideOf(compiled(query, { id: 'a' }, stu3)))).toEqual(['deceasedBoolean', 'animal']);
    expect(() => compiled(query, { id: 'b' }, r4)).toThrow('animal');
  });

  test('and what one type of resource makes wrong is not told of another, met later', () => {
    const [plan] = compiled(
      '{ Observation(id: "1") { subject { resource { ... on Patient { a: gender } ... on Patient { a: birthDate } ... on Group { a: type } } } } }',
    );
    const [target] = insideOf(insideOf([plan as FieldPlan]));
    if (target?.content.kind !== 'target') throw new Error('no reference');
    const { selection } = target.content;
    for (let times = 0; times < 2; times += 1) {
      expect(() => selection('Patient')).toThrow(GraphqlRefusal);
      expect(keys(selection('Group'))).toHaveLength(1);
    }
  });

  test('and a long document is forgotten sooner', () => {
    const comment = `#${'x'.repeat(150_000)}\n`;
    const query = 'query($id: ID!) { Patient(id: $id) { id name { family } } }';
    const small = readOperation({ query, variables: { id: 'a' } });
    const first = compile(r4, small, { kind: 'query' });
    for (const id of ['a', 'b']) compiled(`${comment}${query} # ${id}`, { id });
    expect(insideOf(compile(r4, small, { kind: 'query' }))).not.toBe(insideOf(first));
  });

  test('and what was compiled of each type of resource that was met counts as well', () => {
    const query = 'query($id: ID!) { Patient(id: $id) { id name { family } } }';
    const small = readOperation({ query, variables: { id: 'a' } });
    const first = compile(r4, small, { kind: 'query' });
    for (let times = 0; times < 20; times += 1) {
      const text = `query q${String(times)} { Patient(id: "1") { contained { id language meta { id versionId lastUpdated } } } }`;
      const [inside] = insideOf(compiled(text));
      if (inside?.content.kind !== 'inside') throw new Error('no resource inside');
      for (const type of r4.resourceTypes) inside.content.selection(type);
    }
    expect(insideOf(compile(r4, small, { kind: 'query' }))).not.toBe(insideOf(first));
  });

  test('and mistakes are told to each who makes them', () => {
    const query = 'query($id: ID!) { Patient(id: $id) { nme { family } resource: id resource: birthDate } }';
    const told = ['a', 'b'].map((id) => {
      try {
        return compiled(query, { id }).length;
      } catch (error) {
        return error instanceof GraphqlRefusal ? error.failures.map(({ path }) => path.join('.')) : error;
      }
    });
    expect(told).toEqual([
      ['Patient.nme', 'Patient.resource'],
      ['Patient.nme', 'Patient.resource'],
    ]);
  });
});
