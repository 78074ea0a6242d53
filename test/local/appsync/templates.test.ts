import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFolder } from '../../../local/appsync/load-folder.js';
import { serveStandalone, type Standalone } from '../../../local/appsync/standalone.js';
import { loadApis } from '../../../local/appsync/template/load-apis.js';
import { Stack, type Template } from '../../../local/appsync/template/stack.js';
import { signRequest } from './sign-request.js';

const cdkOut = join(import.meta.dirname, 'cdk.out');
const issuer = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Notes-Users';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token nobody signed: the server is told not to look. */
const token = (username: string, groups: string[]): string =>
  `${encode({ alg: 'RS256', kid: 'k' })}.${encode({ iss: issuer, sub: username, username, 'cognito:groups': groups, exp: Date.now() })}.c2ln`;

interface Reply {
  readonly headers: Headers;
  readonly data: Record<string, unknown> | null;
  readonly errors?: readonly Record<string, unknown>[];
}

describe('an API of CloudFormation templates', () => {
  let served: Standalone;
  let url: string;
  const told: string[] = [];
  beforeAll(async () => {
    served = await serveStandalone(loadApis(cdkOut), {
      port: 0,
      unsignedTokens: true,
      accessKeys: new Map([['local', 'secret']]),
      tell: (line) => void told.push(line),
    });
    url = served.urls.get('notes') ?? '';
  });
  afterAll(() => served.close());

  const ask = async (query: string, headers: Record<string, string> = { 'x-api-key': 'da2-notes' }): Promise<Reply> => {
    const reply = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return { headers: reply.headers, ...((await reply.json()) as Omit<Reply, 'headers'>) };
  };
  const add = (id: string, username = 'ann', groups = ['writers']): Promise<Reply> =>
    ask(`mutation { addNote(id: "${id}", text: "t") { id owner text greeting } }`, {
      authorization: token(username, groups),
    });

  test('is served with its pipeline, its table and its Lambda function, which keeps its state', async () => {
    expect((await add('1')).data).toEqual({
      addNote: { id: '1', owner: 'ann', text: 't', greeting: 'hello-test ann 1' },
    });
    expect((await add('2', 'bob')).data).toMatchObject({ addNote: { greeting: 'hello-test bob 2' } });
    const read = await ask('{ note(id: "1") { owner at } notesOf(owner: "bob") { id } nothing: note(id: "9") { id } }');
    expect(read.errors).toBeUndefined();
    expect(read.data).toMatchObject({ note: { owner: 'ann' }, notesOf: [{ id: '2' }], nothing: null });
  });

  test('answers errors of its data sources as AppSync does', async () => {
    await add('3');
    const { data, errors } = await ask('mutation { addNote(id: "3", text: "other") { id text } }', {
      authorization: token('ann', ['writers']),
    });
    expect(data).toEqual({ addNote: null });
    expect(errors).toEqual([
      {
        path: ['addNote'],
        data: { id: '3', text: 't' },
        errorType: 'DynamoDB:ConditionalCheckFailedException',
        errorInfo: { id: '3' },
        locations: [{ line: 1, column: 12, sourceName: null }],
        message: expect.stringContaining('The conditional request failed') as unknown,
      },
    ]);
    const failed = await add('4', 'nobody');
    expect(failed.errors).toBeUndefined();
    expect(failed.data).toMatchObject({ addNote: { id: '4', greeting: null } });
  });

  test('lets callers in by its modes and directives', async () => {
    expect((await add('5', 'ann', ['readers'])).errors).toMatchObject([
      { errorType: 'Unauthorized', message: 'Not Authorized to access addNote on type Mutation' },
    ]);
    const asUser = await ask('{ notesOf(owner: "ann") { id } }', { authorization: token('ann', []) });
    expect(asUser.errors).toMatchObject([{ errorType: 'Unauthorized' }]);
    const body = JSON.stringify({ query: '{ notesOf(owner: "bob") { id } }' });
    const signed = signRequest({ method: 'POST', url: new URL(url), body, accessKeyId: 'local', secret: 'secret' });
    expect((await ask('{ notesOf(owner: "bob") { id } }', signed)).data).toEqual({ notesOf: [{ id: '2' }] });
    expect((await ask('{ stage }', {})).errors).toMatchObject([{ errorType: 'UnauthorizedException' }]);
  });

  test('takes what other stacks add to it, its environment and response headers', async () => {
    const { data, headers } = await ask('{ stage }');
    expect(data).toEqual({ stage: 'test' });
    expect(headers.get('stage')).toBe('test');
  });

  test('keeps its limits of depth and of resolvers', async () => {
    const deep = '{ __schema { types { fields { type { name } } } } }';
    expect((await ask(deep)).errors).toMatchObject([{ message: expect.stringContaining('QueryDepthLimit') }]);
    const many = Array.from({ length: 21 }, (_, at) => `f${String(at)}: stage`).join(' ');
    expect((await ask(`{ ${many} }`)).errors).toMatchObject([
      { errorType: 'ExecutionLimitExceeded', message: 'Resolver count exceeds the limit of 20' },
    ]);
  });
});

describe('a template that cannot be served', () => {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-template-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const api = { Type: 'AWS::AppSync::GraphQLApi', Properties: { Name: 'x', AuthenticationType: 'API_KEY' } };
  const ApiId = { 'Fn::GetAtt': ['Api', 'ApiId'] };
  const schema = { Type: 'AWS::AppSync::GraphQLSchema', Properties: { ApiId, Definition: 'type Query { a: String }' } };
  const source = (more: object): object => ({
    Type: 'AWS::AppSync::DataSource',
    Properties: { ApiId, Name: 's', Type: 'NONE', ...more },
  });
  const resolver = (more: object): object => ({
    Type: 'AWS::AppSync::Resolver',
    Properties: { ApiId, TypeName: 'Query', FieldName: 'a', DataSourceName: 's', Code: 'x', ...more },
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no API', {}, 'holds no AWS::AppSync::GraphQLApi'],
    ['no schema', { Api: api }, 'The API Api has no AWS::AppSync::GraphQLSchema'],
    [
      'a data source of RDS',
      { Api: api, S: source({ Type: 'RELATIONAL_DATABASE' }) },
      'The data source S is of type RELATIONAL_DATABASE',
    ],
    [
      'a versioned data source',
      { Api: api, S: source({ Type: 'AMAZON_DYNAMODB', DynamoDBConfig: { TableName: 't', Versioned: true } }) },
      'The data source S is versioned',
    ],
    [
      'a resolver in VTL',
      { Api: api, S: source({}), R: resolver({ RequestMappingTemplate: '{}' }) },
      'R is written in VTL',
    ],
    [
      'a resolver without its data source',
      { Api: api, R: resolver({}) },
      'R names the data source s, which is not there',
    ],
    [
      'code that is not among the assets',
      { Api: api, S: source({}), R: resolver({ Code: undefined, CodeS3Location: 's3://b/k.js' }) },
      'which is not among the assets',
    ],
    [
      'a reference to nothing',
      { Api: api, R: resolver({ FieldName: { Ref: 'Nobody' } }) },
      'names Nobody, which is not there',
    ],
    [
      'an unknown function',
      { Api: api, R: resolver({ FieldName: { 'Fn::Cidr': [] } }) },
      'Fn::Cidr of templates is not in this runtime',
    ],
    [
      'an unknown mode',
      { Api: { ...api, Properties: { AuthenticationType: 'MAGIC' } }, Schema: schema },
      'has the authorization mode MAGIC',
    ],
    ['a merged API', { Api: { ...api, Properties: { ApiType: 'MERGED' } } }, 'Api is a merged API'],
  ])('for %s is refused by name', (_, Resources, message) => {
    const file = join(folder, 'x.template.json');
    writeFileSync(file, JSON.stringify({ Resources }));
    expect(() => loadApis(file)).toThrow(message);
  });

  test('for what is no template, or not there', () => {
    writeFileSync(join(folder, 'y.template.json'), 'Resources:\n');
    expect(() => loadApis(join(folder, 'y.template.json'))).toThrow('is no JSON');
    expect(() => loadApis(join(folder, 'nowhere'))).toThrow('There is no');
    mkdirSync(join(folder, 'empty'));
    expect(() => loadApis(join(folder, 'empty'))).toThrow('holds no *.template.json');
  });

  test.each([
    [
      'code AppSync would refuse',
      'export function request() { while (true) {} }\nexport function response() {}',
      'while is not supported',
    ],
    ['a schema that is none', undefined, 'Unknown type "Strin"'],
  ])('for %s does not start', async (_, Code, message) => {
    const definition = Code === undefined ? 'type Query { a: Strin }' : 'type Query { a: String }';
    const Resources = {
      Api: api,
      Schema: { ...schema, Properties: { ApiId, Definition: definition } },
      S: source({}),
      ...(Code === undefined ? {} : { R: resolver({ Code }) }),
    };
    writeFileSync(join(folder, 'z.template.json'), JSON.stringify({ Resources }));
    const apis = loadApis(join(folder, 'z.template.json'));
    await expect(serveStandalone(apis, { port: 0, tell: () => undefined })).rejects.toThrow(message);
  });
});

describe('the intrinsic functions of templates', () => {
  const template: Template = {
    Parameters: { Size: { Default: 'small' }, Given: {} },
    Mappings: { Sizes: { small: { count: 1 } } },
    Conditions: {
      IsSmall: { 'Fn::Equals': [{ Ref: 'Size' }, 'small'] },
      IsBig: { 'Fn::Not': [{ Condition: 'IsSmall' }] },
      Both: { 'Fn::And': [{ Condition: 'IsSmall' }, { Condition: 'IsBig' }] },
      Either: { 'Fn::Or': [{ Condition: 'IsSmall' }, { Condition: 'IsBig' }] },
      Round: { 'Fn::Not': [{ Condition: 'Round' }] },
    },
    Resources: {
      Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: { 'Fn::Sub': 't-${Size}' } } },
      Other: { Type: 'AWS::DynamoDB::Table', Condition: 'IsBig' },
    },
  };
  const stack = new Stack('S', template, {
    parameter: (name) => (name === 'Given' ? 'from above' : undefined),
    exported: (name) => `exported ${name}`,
    nested: () => {
      throw new Error('none');
    },
  });

  test.each<[unknown, unknown]>([
    [{ Ref: 'Size' }, 'small'],
    [{ Ref: 'Given' }, 'from above'],
    [{ Ref: 'Table' }, 't-small'],
    [{ 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:dynamodb:us-east-1:000000000000:table/t-small'],
    [{ 'Fn::GetAtt': 'Table.Arn' }, 'arn:aws:dynamodb:us-east-1:000000000000:table/t-small'],
    [
      { 'Fn::Sub': '${Table}/${!Literal}/${AWS::Region}/${Table.Arn}' },
      't-small/${Literal}/us-east-1/arn:aws:dynamodb:us-east-1:000000000000:table/t-small',
    ],
    [{ 'Fn::Sub': ['${a}-${Size}', { a: { Ref: 'Given' } }] }, 'from above-small'],
    [{ 'Fn::Join': [':', ['a', { Ref: 'Size' }]] }, 'a:small'],
    [{ 'Fn::Select': [1, { 'Fn::Split': ['-', 'a-b-c'] }] }, 'b'],
    [{ 'Fn::FindInMap': ['Sizes', { Ref: 'Size' }, 'count'] }, 1],
    [{ 'Fn::If': ['IsSmall', 'yes', 'no'] }, 'yes'],
    [{ 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    [{ 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    [{ 'Fn::ImportValue': 'X' }, 'exported X'],
    [{ 'Fn::Base64': 'a' }, 'YQ=='],
    [{ a: { Ref: 'AWS::NoValue' }, b: [{ Ref: 'AWS::NoValue' }, 1] }, { b: [1] }],
  ])('%j is %j', (value, resolved) => {
    expect(stack.resolve(value)).toEqual(resolved);
  });

  test('leave out resources whose condition does not hold, and do not walk in circles', () => {
    expect(stack.resources.map(([id]) => id)).toEqual(['Table']);
    expect(() => stack.resolve({ 'Fn::If': ['Round', 1, 2] })).toThrow('condition Round depends on itself');
  });
});

describe('an API of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'appsync-folder-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('is served as its api.json says', async () => {
    writeFileSync(join(folder, 'schema.graphql'), 'type Query { hello(name: String): String }');
    writeFileSync(
      join(folder, 'hello.js'),
      'export function request(ctx) { return { payload: `hello ${ctx.args.name}` }; }\nexport function response(ctx) { return ctx.result; }',
    );
    writeFileSync(
      join(folder, 'api.json'),
      JSON.stringify({
        dataSources: { none: { kind: 'NONE' } },
        resolvers: [{ kind: 'UNIT', typeName: 'Query', fieldName: 'hello', dataSource: 'none', code: 'hello' }],
        authorization: [{ mode: 'API_KEY', keys: [{ id: 'k' }] }],
        introspection: false,
      }),
    );
    const served = await serveStandalone([loadFolder(folder)], { port: 0, tell: () => undefined });
    try {
      const [url = ''] = served.urls.values();
      const ask = async (query: string): Promise<unknown> =>
        (await fetch(url, { method: 'POST', headers: { 'x-api-key': 'k' }, body: JSON.stringify({ query }) })).json();
      expect(await ask('{ hello(name: "you") }')).toEqual({ data: { hello: 'hello you' } });
      expect(await ask('{ __schema { queryType { name } } }')).toMatchObject({
        data: null,
        errors: [{ message: expect.stringContaining('IntrospectionDisabled') }, {}],
      });
      expect(await ask('{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    } finally {
      await served.close();
    }
  });

  test('says which file is missing, or no JSON', () => {
    rmSync(join(folder, 'hello.js'));
    expect(() => loadFolder(folder)).toThrow('There is no');
    writeFileSync(join(folder, 'api.json'), '{');
    expect(() => loadFolder(folder)).toThrow('api.json is no JSON');
  });
});
