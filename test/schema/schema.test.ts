import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type GraphQLObjectType,
  type GraphQLSchema,
  print,
} from 'graphql';
import type { AppSyncApi } from '../../schema/api.js';
import { loadApi } from '../../schema/load-api.js';

/** What AppSync declares itself. https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html */
const appSync = `
  scalar AWSDate scalar AWSTime scalar AWSDateTime scalar AWSTimestamp scalar AWSEmail scalar AWSJSON scalar AWSURL
  scalar AWSPhone scalar AWSIPAddress
  directive @aws_iam on FIELD_DEFINITION | OBJECT
  directive @aws_cognito_user_pools(cognito_groups: [String!]) on FIELD_DEFINITION | OBJECT
  directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
`;

const versions = [
  { version: 'r4', types: 146, compartments: 5 },
  { version: 'stu3', types: 117, compartments: 5 },
] as const;

describe.each(versions)('the AppSync schema of $version', ({ version, types, compartments }) => {
  let api: AppSyncApi;
  let schema: GraphQLSchema;
  beforeAll(async () => {
    api = await loadApi(version);
    schema = buildSchema(`${api.schema}\n${appSync}`);
  });
  const object = (name: string): GraphQLObjectType => {
    const type = schema.getType(name);
    if (!isObjectType(type)) throw new Error(`${name} is no object type`);
    return type;
  };
  const argumentsOf = (type: string, field: string): Record<string, string> =>
    Object.fromEntries((object(type).getFields()[field]?.args ?? []).map((each) => [each.name, String(each.type)]));

  test('has at most the 1,000,000 bytes AppSync takes', () => {
    expect(Buffer.byteLength(api.schema)).toBeLessThanOrEqual(1_000_000);
  });

  test('serves every base resource, each an implementation of Resource', () => {
    const resource = schema.getType('Resource');
    if (!isInterfaceType(resource)) throw new Error('Resource is no interface');
    expect(schema.getPossibleTypes(resource)).toHaveLength(types);
    expect(Object.keys(resource.getFields())).toEqual(
      expect.arrayContaining(['resourceType', 'id', 'meta', 'implicitRules', 'language']),
    );
  });

  test('declares no scalar and no directive of its own: AppSync rejects them', () => {
    expect(api.schema).not.toMatch(/^(scalar|directive|union|extend) /m);
    expect(new Set(api.schema.match(/@\w+/g))).toEqual(
      new Set(['@aws_iam', '@aws_cognito_user_pools', '@aws_subscribe']),
    );
  });

  test('has for every type a read, a list, a connection and three mutations', () => {
    const query = object('Query').getFields();
    const mutation = object('Mutation').getFields();
    expect(Object.keys(query)).toHaveLength(types * 3);
    expect(Object.keys(mutation)).toHaveLength(types * 3 + 2); // publishChange and publishJob
    expect(String(query['Patient']?.type)).toBe('Patient');
    expect(String(query['PatientList']?.type)).toBe('[Patient]');
    expect(String(query['PatientConnection']?.type)).toBe('PatientConnection');
    expect(String(query['ListList']?.type)).toBe('[List]');
    expect(String(query['ListConnection']?.type)).toBe('ListConnection');
    expect(argumentsOf('Mutation', 'PatientCreate')).toEqual({ res: 'Patient_Input!' });
    expect(argumentsOf('Mutation', 'PatientUpdate')).toEqual({ id: 'ID!', res: 'Patient_Input!', versionId: 'String' });
    expect(argumentsOf('Mutation', 'PatientDelete')).toEqual({ id: 'ID!', versionId: 'String' });
  });

  test('has one subscription, told of changes by the one mutation that only IAM may ask for', () => {
    expect(String(schema.getSubscriptionType())).toBe('Subscriptions'); // Subscription is a resource type
    expect(Object.keys(object('Subscriptions').getFields())).toEqual(['onResourceChanged', 'onJobChanged']);
    expect(argumentsOf('Subscriptions', 'onResourceChanged')).toEqual({
      type: 'ResourceType',
      id: 'ID',
      compartment: 'String',
      actions: '[ChangeAction!]',
    });
    expect(String(object('Subscriptions').getFields()['onResourceChanged']?.type)).toBe('ResourceChange');
    const directives = (type: string, field: string): readonly string[] => {
      const { astNode } = object(type).getFields()[field] ?? {};
      return astNode?.directives?.map((directive) => print(directive)) ?? [];
    };
    expect(directives('Subscriptions', 'onResourceChanged')).toEqual(['@aws_subscribe(mutations: ["publishChange"])']);
    expect(directives('Mutation', 'publishChange')).toEqual(['@aws_iam']);
    expect(directives('ResourceChange', 'compartments')).toEqual(['@aws_iam']);
    expect(argumentsOf('Subscriptions', 'onJobChanged')).toEqual({ id: 'ID' });
    expect(directives('Subscriptions', 'onJobChanged')).toEqual(['@aws_subscribe(mutations: ["publishJob"])']);
    for (const [type, field] of [
      ['Mutation', 'publishJob'],
      ['JobChange', 'subject'],
      ['JobChange', 'client'],
    ] as const) {
      expect(directives(type, field)).toEqual(['@aws_iam']);
    }
  });

  test('a change names what changed, and holds nothing of it', () => {
    const fields = Object.values(object('ResourceChange').getFields());
    expect(Object.fromEntries(fields.map(({ name, type }) => [name, String(type)]))).toEqual({
      type: 'ResourceType!',
      id: 'ID!',
      versionId: 'String!',
      action: 'ChangeAction!',
      lastUpdated: 'String!',
      compartments: '[String!]',
    });
  });

  test('names search arguments by their codes, with _ for -, each one string or several', () => {
    expect(argumentsOf('Query', 'PatientList')).toMatchObject({
      _id: '[String]',
      _lastUpdated: '[String]',
      address_city: '[String]',
      general_practitioner: '[String]',
      _count: 'Int',
      _offset: 'Int',
      _sort: 'String',
    });
    expect(argumentsOf('Query', 'PatientList')).not.toHaveProperty('_cursor');
    expect(argumentsOf('Query', 'PatientConnection')).toMatchObject({ _cursor: 'String' });
  });

  test('a connection has the fields of the FHIR page', () => {
    expect(Object.keys(object('PatientConnection').getFields())).toEqual(
      'count offset pagesize edges first previous next last'.split(' '),
    );
    expect(Object.keys(object('PatientEdge').getFields())).toEqual(['mode', 'score', 'resource']);
  });

  test('keeps what JSON has: ids, partial dates and decimals as text, integers, booleans, siblings of primitives', () => {
    const fields = (name: string): Record<string, string> =>
      Object.fromEntries(Object.values(object(name).getFields()).map((field) => [field.name, String(field.type)]));
    expect(fields('Patient')).toMatchObject({
      resourceType: 'String',
      id: 'ID',
      birthDate: 'String',
      _birthDate: 'Element',
      active: 'Boolean',
      multipleBirthInteger: 'Int',
      contact: '[PatientContact]',
      contained: '[Resource]',
    });
    expect(fields('Quantity')).toMatchObject({ id: 'String', value: 'String' });
    expect(fields('HumanName')).toMatchObject({ given: '[String]', _given: '[Element]' });
    expect(fields('Extension')).toMatchObject({ url: 'String', valueReference: 'Reference', _valueCode: 'Element' });
    expect(fields('Extension')).not.toHaveProperty('_url');
    expect(fields('BundleEntry')).toMatchObject({ resource: 'Resource', link: '[BundleLink]' });
    expect(fields('QuestionnaireItem')).toMatchObject({ item: '[QuestionnaireItem]' });
  });

  test('a reference is resolved by `resource`, with the arguments of the FHIR page', () => {
    expect(argumentsOf('Reference', 'resource')).toEqual({ optional: 'Boolean', type: 'ResourceType' });
    const resourceType = schema.getType('ResourceType');
    if (!isEnumType(resourceType)) throw new Error('ResourceType is no enum');
    expect(resourceType.getValues()).toHaveLength(types);
  });

  test('every output type has an input of the same members: what was read can be written', () => {
    const inputName = (type: string): string =>
      type.replace(/\w+/, (name) => {
        if (name === 'Resource') return 'AWSJSON';
        return isObjectType(schema.getType(name)) ? `${name}_Input` : name;
      });
    const inputs = Object.values(schema.getTypeMap()).filter(isInputObjectType);
    expect(inputs.length).toBeGreaterThan(400);
    for (const input of inputs) {
      const output = object(input.name.replace(/_Input$/, ''));
      const members = Object.values(output.getFields()).filter(
        (field) => field.args.length === 0, // computed fields: reverse lists and Reference.resource
      );
      const expected = members.map((field) => `${field.name}:${inputName(String(field.type))}`);
      expect(Object.values(input.getFields()).map((field) => `${field.name}:${String(field.type)}`)).toEqual(expected);
    }
  });

  test('the input of StructureMap.group.input does not meet the input of StructureMap.group', () => {
    expect(isObjectType(schema.getType('StructureMapGroupInput'))).toBe(true);
    expect(isInputObjectType(schema.getType('StructureMapGroup_Input'))).toBe(true);
    expect(isInputObjectType(schema.getType('StructureMapGroupInput_Input'))).toBe(true);
  });

  test('reverse lists stand in the types of compartments, by the parameters that refer to them', () => {
    const reverse = argumentsOf('Patient', 'ObservationList');
    expect(reverse).toMatchObject({ _reference: 'ObservationOfPatient!', code: '[String]', _count: 'Int' });
    expect(reverse).not.toHaveProperty('_id');
    expect(argumentsOf('Patient', 'ObservationConnection')).toEqual(reverse);
    const values = (name: string): string[] => {
      const type = schema.getType(name);
      return isEnumType(type) ? type.getValues().map((value) => value.name) : [];
    };
    expect(values('ObservationOfPatient')).toEqual(expect.arrayContaining(['patient', 'performer', 'subject']));
    expect(values('ConditionOfPatient')).toEqual(expect.arrayContaining(['patient', 'asserter']));
    expect(values('EncounterOfPractitioner')).toEqual(expect.arrayContaining(['practitioner', 'participant']));
    const parents = new Set(
      api.resolvers
        .filter(({ typeName }) => !['Query', 'Mutation', 'Subscriptions', 'Reference'].includes(typeName))
        .map((each) => each.typeName),
    );
    expect(parents.size).toBe(compartments);
  });

  test('every field with arguments has exactly one resolver, and no other field has one', () => {
    const resolved = api.resolvers.map(({ typeName, fieldName }) => `${typeName}.${fieldName}`);
    expect(new Set(resolved).size).toBe(resolved.length);
    const computed = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
      .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ type, field })) : []))
      .filter(({ field }) => field.args.length > 0)
      .map(({ type, field }) => `${type.name}.${field.name}`);
    expect([...resolved].sort()).toEqual(computed.sort());
  });

  test('each field shape has one code, whatever the type', () => {
    const code = (typeName: string, fieldName: string): string | undefined =>
      api.resolvers.find((each) => each.typeName === typeName && each.fieldName === fieldName)?.code;
    expect(code('Query', 'List')).toBe('read');
    expect(code('Query', 'ListList')).toBe('list');
    expect(code('Query', 'ListConnection')).toBe('connection');
    expect(code('Patient', 'ListList')).toBe('reverse-list');
    expect(code('Patient', 'ListConnection')).toBe('reverse-connection');
    expect(code('Mutation', 'ListDelete')).toBe('delete');
    expect(new Set(api.resolvers.map((each) => each.code)).size).toBe(11);
  });

  test('resolvers and functions name data sources and functions that exist', () => {
    const sources = new Set(api.dataSources.map(({ name }) => name));
    const functions = new Set(api.functions.map(({ name }) => name));
    expect(api.functions.every(({ dataSource }) => sources.has(dataSource))).toBe(true);
    for (const resolver of api.resolvers) {
      if (resolver.kind === 'UNIT') expect(sources).toContain(resolver.dataSource);
      else expect(resolver.functions.every((name) => functions.has(name))).toBe(true);
    }
  });
});
