import { describe, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { appSyncDefinitions } from '../../local/appsync/appsync-scalars.js';
import type { ElementDefinition, SourceDefinitions, Structure } from '../../codegen/definitions.js';
import { emitSchema } from '../../codegen/schema/emit-schema.js';

const element = (path: string, type: string, more: Partial<ElementDefinition> = {}): ElementDefinition => ({
  id: path,
  path,
  min: 0,
  max: '1',
  types: type
    .split('|')
    .filter((code) => code !== '')
    .map((code) => ({ code, targets: [] })),
  constraints: [],
  isSummary: false,
  isModifier: false,
  ...more,
});

const structure = (
  name: string,
  kind: Structure['kind'],
  elements: ElementDefinition[],
  base = 'Element',
): Structure => ({
  name,
  url: `http://hl7.org/fhir/StructureDefinition/${name}`,
  kind,
  abstract: name === 'Element' || name === 'Resource',
  ...(name === 'Element' || name === 'Resource' ? {} : { base }),
  elements: [element(name, ''), ...elements],
});

const primitive = (name: string): Structure => structure(name, 'primitive-type', []);
const resource = (name: string, elements: ElementDefinition[]): Structure =>
  structure(name, 'resource', [element(`${name}.id`, 'id'), ...elements], 'Resource');

function source(more: Partial<SourceDefinitions> = {}, ...structures: Structure[]): SourceDefinitions {
  return {
    version: 'r4',
    structures: [
      ...['string', 'id', 'decimal', 'boolean', 'code', 'xhtml'].map(primitive),
      structure('Element', 'complex-type', [element('Element.id', 'string')]),
      structure('Resource', 'resource', []),
      resource('OperationOutcome', []),
      resource('Patient', [
        element('Patient.contained', 'Resource', { max: '*' }),
        element('Patient.active', 'boolean'),
        element('Patient.value[x]', 'decimal|string'),
        element('Patient.contact', 'BackboneElement', { max: '*' }),
        element('Patient.contact.name', 'string', { max: '*' }),
        element('Patient.contact.partner', '', { contentReference: 'Patient.contact' }),
      ]),
      resource('Observation', []),
      ...structures,
    ],
    searchParameters: [
      { url: 'u:1', code: '_id', base: ['Resource'], type: 'token', target: [], component: [] },
      { url: 'u:2', code: '_text', base: ['Resource'], type: 'string', target: [], component: [] },
      { url: 'u:3', code: 'part-of', base: ['Observation'], type: 'reference', target: ['Patient'], component: [] },
      { url: 'u:4', code: 'status', base: ['Observation'], type: 'token', target: [], component: [] },
    ],
    compartments: [
      {
        name: 'Patient',
        resources: [
          { type: 'Observation', parameters: ['part-of'] },
          { type: 'OperationOutcome', parameters: [] },
        ],
      },
    ],
    requiredCodes: {},
    requiredConcepts: {},
    codeSystems: [],
    valueSets: [],
    profiles: [],
    ...more,
  };
}

const text = (definitions: SourceDefinitions, file: string, types?: string[]): string =>
  emitSchema(definitions, types === undefined ? {} : { types }).find(({ path }) => path.endsWith(file))?.text ?? '';

const line = (definitions: SourceDefinitions, start: string): string | undefined =>
  text(definitions, '.graphql')
    .split('\n')
    .find((each) => each.startsWith(start));

describe('emitSchema', () => {
  test('writes one minified definition in a line, choices by their JSON names, siblings beside primitives', () => {
    expect(line(source(), 'type Patient ')).toBe(
      'type Patient implements Resource{resourceType:String id:ID contained:[Resource]active:Boolean _active:Element ' +
        'valueDecimal:String _valueDecimal:Element valueString:String _valueString:Element contact:[PatientContact]' +
        'ObservationList(_reference:ObservationOfPatient!part_of:[String]status:[String]_count:Int _offset:Int _sort:String):[Observation]' +
        'ObservationConnection(_reference:ObservationOfPatient!part_of:[String]status:[String]_count:Int _offset:Int _sort:String):ObservationConnection}',
    );
    expect(line(source(), 'type PatientContact')).toBe(
      'type PatientContact{name:[String]_name:[Element]partner:PatientContact}',
    );
    expect(line(source(), 'input Patient_Input')).toContain('contained:[AWSJSON]');
    expect(line(source(), 'enum ObservationOfPatient')).toBe('enum ObservationOfPatient{part_of}');
  });

  test('leaves out full-text search, which no interaction serves', () => {
    expect(text(source(), '.graphql')).toContain(
      'ObservationList(_id:[String]part_of:[String]status:[String]_count:Int',
    );
  });

  test('gives a schema that is one', () => {
    expect(() => buildSchema(`${appSyncDefinitions} ${text(source(), '.graphql')}`)).not.toThrow();
  });

  test('gives the same bytes again', () => {
    expect(emitSchema(source())).toEqual(emitSchema(source()));
  });

  test('makes a smaller schema of some types, with the OperationOutcome that results need', () => {
    const smaller = text(source(), '.graphql', ['Patient']);
    expect(smaller).toContain('enum ResourceType{OperationOutcome Patient}');
    expect(smaller).not.toContain('Observation');
    expect(text(source(), 'api.js', ['Patient'])).toContain("'OperationOutcome Patient'");
  });

  test('refuses a type that is not there', () => {
    expect(() => emitSchema(source(), { types: ['Patient', 'Patent'] })).toThrow('r4 has no resource type Patent');
  });

  test('refuses two FHIR types with one GraphQL name', () => {
    const clash = structure('PatientContact', 'complex-type', [element('PatientContact.x', 'string')]);
    const user = resource('Account', [element('Account.holder', 'PatientContact')]);
    expect(() => emitSchema(source({}, clash, user))).toThrow(/PatientContact.* have one GraphQL name/);
  });

  test('refuses a type that has the name of a connection', () => {
    const clash = structure('PatientConnection', 'complex-type', [element('PatientConnection.x', 'string')]);
    const user = resource('Account', [element('Account.holder', 'PatientConnection')]);
    expect(() => emitSchema(source({}, clash, user))).toThrow('two GraphQL types have the name PatientConnection');
  });

  test('refuses two search parameters with one argument name: no search is ever ambiguous', () => {
    const { searchParameters } = source();
    const clash = { url: 'u:5', code: 'part_of', base: ['Observation'], type: 'token', target: [], component: [] };
    expect(() => emitSchema(source({ searchParameters: [...searchParameters, clash] }))).toThrow(
      'Observation has two search parameters part_of',
    );
  });

  test('refuses an element of a type that is not defined', () => {
    const user = resource('Account', [element('Account.holder', 'Unknown')]);
    expect(() => text(source({}, user), '.graphql')).toThrow('Unknown');
  });

  test('refuses a schema that AppSync would not take', () => {
    const many = Array.from({ length: 1_000 }, (_, at) =>
      element(`Account.${'long'.repeat(100)}${String(at)}`, 'boolean'),
    );
    expect(() => emitSchema(source({}, resource('Account', many)))).toThrow(/bytes, AppSync takes 1000000/);
  });
});
