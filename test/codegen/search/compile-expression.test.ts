import { describe, expect, test } from '@jest/globals';
import { compileExpression } from '../../../codegen/search/compile-expression.js';
import { elementTypes } from '../../../codegen/search/element-types.js';
import type { ElementDefinition, SourceDefinitions, Structure } from '../../../codegen/definitions.js';
import { elementValues } from '../../../fhir/element-values.js';
import type { ExtractedValue } from '../../../fhir/search-parameter.js';

const element = (path: string, max: string, types: string, contentReference?: string): ElementDefinition => ({
  id: path,
  path,
  min: 0,
  max,
  types: types === '' ? [] : types.split(' ').map((code) => ({ code, targets: [] })),
  ...(contentReference === undefined ? {} : { contentReference }),
  constraints: [],
  isSummary: false,
  isModifier: false,
});
const structure = (
  name: string,
  kind: Structure['kind'],
  base?: string,
  elements: ElementDefinition[] = [],
): Structure => ({
  name,
  url: `http://hl7.org/fhir/StructureDefinition/${name}`,
  kind,
  abstract: false,
  ...(base === undefined ? {} : { base }),
  elements,
});
const source: SourceDefinitions = {
  version: 'r4',
  searchParameters: [],
  compartments: [],
  requiredCodes: {},
  requiredConcepts: {},
  codeSystems: [],
  valueSets: [],
  profiles: [],
  structures: [
    ...['boolean', 'string', 'code', 'dateTime', 'uri'].map((name) => structure(name, 'primitive-type')),
    structure('canonical', 'primitive-type', 'uri'),
    structure('Reference', 'complex-type', 'Element', [element('Reference.reference', '1', 'string')]),
    structure('Extension', 'complex-type', 'Element', [
      element('Extension.url', '1', 'uri'),
      element('Extension.value[x]', '1', 'string boolean'),
    ]),
    structure('Resource', 'resource', undefined, [element('Resource.id', '1', 'string')]),
    structure('Other', 'resource', 'Resource'),
    structure('Thing', 'resource', 'Resource', [
      element('Thing.id', '1', 'string'),
      element('Thing.extension', '*', 'Extension'),
      element('Thing.alias', '*', 'string'),
      element('Thing.owner', '*', 'Reference'),
      element('Thing.source[x]', '1', 'uri canonical dateTime boolean'),
      element('Thing.part', '*', 'BackboneElement'),
      element('Thing.part.kind', '1', 'code'),
      element('Thing.part.name', '*', 'string'),
      element('Thing.part.value[x]', '1', 'string dateTime'),
      element('Thing.part.part', '*', '', 'Thing.part'),
    ]),
  ],
};
const types = elementTypes(source);
const thing = { type: 'Thing', path: 'Thing' };

/** Compiles for Thing and runs the code, as the generated module does. */
function select(expression: string, resource: object): ExtractedValue[] {
  const { statements } = compileExpression(expression, { types, resource: thing, start: { code: 'r', type: thing } });
  const names = Object.keys(elementValues);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- generated code is what is tested
  const run = new Function(...names, 'r', 'o', statements) as (...given: unknown[]) => void;
  const out: ExtractedValue[] = [];
  run(...Object.values(elementValues), { resourceType: 'Thing', ...resource }, out);
  return out;
}
const values = (expression: string, resource: object): unknown[] =>
  select(expression, resource).map(({ value }) => value);

describe('an expression compiles to code that', () => {
  test('gives each value with its FHIR type', () => {
    expect(select('Thing.id', { id: 'a' })).toEqual([{ type: 'string', value: 'a' }]);
    expect(select('Thing.source', { sourceCanonical: 'u|1' })).toEqual([{ type: 'canonical', value: 'u|1' }]);
  });
  test('flattens lists, through lists', () => {
    const resource = { part: [{ name: ['a', 'b'] }, {}, { name: ['c'] }] };
    expect(values('Thing.part.name', resource)).toEqual(['a', 'b', 'c']);
  });
  test('keeps the order of the document when a choice repeats', () => {
    const resource = { part: [{ valueString: 'a' }, { valueDateTime: '2020' }, { valueString: 'b' }] };
    expect(values('Thing.part.value', resource)).toEqual(['a', '2020', 'b']);
  });
  test('skips the nulls that stand beside _alias', () => {
    expect(values('Thing.alias', { alias: [null, 'a', null], _alias: [{ id: '1' }] })).toEqual(['a']);
  });
  test('follows contentReferences', () => {
    expect(values('Thing.part.part.part.kind', { part: [{ part: [{ part: [{ kind: 'x' }] }] }] })).toEqual(['x']);
  });
  test('leaves out alternatives that start at other types', () => {
    expect(values('Other.id | Thing.alias', { id: 'a', alias: ['b'] })).toEqual(['b']);
  });
  test('takes Resource for the type itself', () => {
    expect(values('Resource.id', { id: 'a' })).toEqual(['a']);
  });
  test('starts at the resource when no type is named', () => {
    expect(values('id | alias', { id: 'a', alias: ['b'] })).toEqual(['a', 'b']);
  });
  test('takes specializations for their type: a canonical is a uri', () => {
    expect(values('(Thing.source as uri)', { sourceCanonical: 'c' })).toEqual(['c']);
    expect(values('Thing.source.as(canonical)', { sourceUri: 'u' })).toEqual([]);
  });
  test("reads a type's name in the wrong case, as STU3 writes it", () => {
    expect(values('Thing.source.as(DateTime)', { sourceDateTime: '2020' })).toEqual(['2020']);
  });
  test('filters by a literal', () => {
    const resource = {
      part: [
        { kind: 'x', name: ['a'] },
        { kind: 'y', name: ['b'] },
      ],
    };
    expect(values("Thing.part.where(kind='y').name", resource)).toEqual(['b']);
  });
  test('filters references by the type they point at', () => {
    const owner = [
      { reference: 'Other/1' },
      { reference: 'http://example.org/fhir/Other/2/_history/3' },
      { reference: '#in' },
      { reference: 'urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11', type: 'Other' },
      { reference: 'Thing/4', type: 'Other' },
      { display: 'nobody' },
    ];
    const found = values('Thing.owner.where(resolve() is Other)', {
      owner,
      contained: [{ resourceType: 'Other', id: 'in' }],
    });
    expect(found).toEqual(owner.slice(0, 4));
  });
  test('indexes', () => {
    expect(values('Thing.part[1].kind', { part: [{ kind: 'x' }, { kind: 'y' }] })).toEqual(['y']);
    expect(values('Thing.part[1].kind', {})).toEqual([]);
  });
  test('selects an extension by its URL', () => {
    const extension = [
      { url: 'http://a', valueString: 'x' },
      { url: 'http://b', valueBoolean: true },
    ];
    expect(select("Thing.extension('http://b').value", { extension })).toEqual([{ type: 'boolean', value: true }]);
  });
  test.each([
    [{}, false],
    [{ sourceBoolean: false }, false],
    [{ sourceBoolean: true }, true],
    [{ sourceDateTime: '2020' }, true],
  ])('decides "is there, and not false": %j → %j', (resource, expected) => {
    expect(select('Thing.source.exists() and Thing.source != false', resource)).toEqual([
      { type: 'boolean', value: expected },
    ]);
  });
  test('gives nothing where FHIRPath gives the empty collection', () => {
    expect(values('Thing.source != false', {})).toEqual([]);
    expect(values('Thing.source.is(boolean)', {})).toEqual([]);
    expect(values('Thing.source is uri', { sourceCanonical: 'c' })).toEqual([true]);
    expect(values('Thing.source is boolean', { sourceCanonical: 'c' })).toEqual([false]);
  });
});

describe('an expression does not compile when it', () => {
  test.each([
    ['names an unknown element', 'Thing.nothing', 'Thing has no nothing'],
    ['names an unknown type', 'Thing.source.as(Nothing)', 'Nothing is not a type'],
    ['asks for a type the element cannot have', 'Thing.source.as(string)', 'nothing there is a string'],
    ['is for other types only', 'Other.id', 'selects nothing in Thing'],
    ['calls what is not covered', 'Thing.alias.first()', 'first() is not covered'],
    ['is cut short', 'Thing.', 'expected more'],
    ['goes on too long', 'Thing.id id', 'unexpected id'],
    ['has a sign of another language', 'Thing.id ; 1', 'cannot read'],
    ['computes', 'Thing.id + 1', 'not covered'],
  ])('%s', (_, expression, message) => {
    expect(() => select(expression, {})).toThrow(message);
  });
});
