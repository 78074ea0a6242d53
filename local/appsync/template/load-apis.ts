import { readFileSync } from 'node:fs';
import type { ApiDataSource, ApiFunction, ApiResolver } from '../../../schema/api.js';
import { type ApiDefinition, DefinitionError, type FunctionDefinition, type SourceDefinition } from '../definition.js';
import type { TableSchema } from '../data-sources/dynamodb/table-schema.js';
import { functionOf } from './lambda-function.js';
import { providersOf } from './providers.js';
import { type ReadTemplates, readTemplates } from './read-templates.js';
import { isMembers, type Members, physicalName, type Resource, type Stack } from './stack.js';
import { tableOf } from './table.js';

/** A resource with its place and its properties, resolved. */
interface Found {
  readonly stack: Stack;
  readonly id: string;
  readonly resource: Resource;
  readonly properties: Members;
}

const text = (value: unknown, place: string): string => {
  if (typeof value === 'string' && value !== '') return value;
  throw new DefinitionError(`${place} is not there`);
};

/** The text a property holds, or the file behind its S3 location. */
function textOf({ id, properties }: Found, inline: string, location: string, templates: ReadTemplates): string {
  if (typeof properties[inline] === 'string') return properties[inline];
  const url = text(properties[location], `${id}.${inline}`);
  const file = templates.asset(url.slice(url.lastIndexOf('/') + 1));
  if (file === undefined) throw new DefinitionError(`${id}.${location} names ${url}, which is not among the assets`);
  return readFileSync(file, 'utf8');
}

function requireJavaScript({ id, properties }: Found): void {
  const isTemplate = properties['RequestMappingTemplate'] ?? properties['RequestMappingTemplateS3Location'];
  if (isTemplate !== undefined)
    throw new DefinitionError(`${id} is written in VTL, which this runtime does not have: only APPSYNC_JS`);
  if (properties['SyncConfig'] !== undefined)
    throw new DefinitionError(`${id} has a SyncConfig, which this runtime does not have`);
}

const nameFromArn = (arn: string): string => /:function:([^:]+)/.exec(arn)?.[1] ?? arn;

const member = (properties: Members, name: string): Members => (isMembers(properties[name]) ? properties[name] : {});

function sourceOf({ id, properties }: Found): SourceDefinition {
  const type = text(properties['Type'], `${id}.Type`);
  switch (type) {
    case 'NONE':
    case 'AMAZON_EVENTBRIDGE':
      return { kind: type };
    case 'AMAZON_DYNAMODB': {
      const { TableName, Versioned } = member(properties, 'DynamoDBConfig');
      if (Versioned === true)
        throw new DefinitionError(`The data source ${id} is versioned, which this runtime does not have`);
      return { kind: type, table: text(TableName, `${id}.DynamoDBConfig.TableName`) };
    }
    case 'AWS_LAMBDA': {
      const { LambdaFunctionArn } = member(properties, 'LambdaConfig');
      return { kind: type, function: nameFromArn(text(LambdaFunctionArn, `${id}.LambdaConfig.LambdaFunctionArn`)) };
    }
    case 'HTTP':
      return { kind: type, endpoint: text(member(properties, 'HttpConfig')['Endpoint'], `${id}.HttpConfig.Endpoint`) };
    case 'AMAZON_OPENSEARCH_SERVICE':
    case 'AMAZON_ELASTICSEARCH': {
      const config = { ...member(properties, 'OpenSearchServiceConfig'), ...member(properties, 'ElasticsearchConfig') };
      return {
        kind: 'AMAZON_OPENSEARCH_SERVICE',
        endpoint: text(config['Endpoint'], `${id}.OpenSearchServiceConfig.Endpoint`),
      };
    }
    default:
      throw new DefinitionError(`The data source ${id} is of type ${type}, which this runtime does not have`);
  }
}

/** What is shared by all APIs of the templates: tables and Lambda functions. */
interface Shared {
  readonly tables: readonly TableSchema[];
  readonly functions: readonly FunctionDefinition[];
}

function apiOf(found: Found, all: readonly Found[], shared: Shared, templates: ReadTemplates): ApiDefinition {
  const { stack, id, properties } = found;
  if (properties['ApiType'] === 'MERGED')
    throw new DefinitionError(`${id} is a merged API, which this runtime does not have`);
  const apiId = `${stack.name}-${id}`;
  const own = (type: string): Found[] =>
    all.filter(({ resource, properties: { ApiId } }) => resource.Type === `AWS::AppSync::${type}` && ApiId === apiId);
  const code = new Map<string, string>();
  const sources = new Map<string, SourceDefinition>();
  for (const one of own('DataSource')) sources.set(text(one.properties['Name'], `${one.id}.Name`), sourceOf(one));
  // A thousand resolvers share a dozen codes: each is compiled once, under the name of the first that has it.
  const codeNames = new Map<string, string>();
  const codeOf = (one: Found): string => {
    requireJavaScript(one);
    const written = textOf(one, 'Code', 'CodeS3Location', templates);
    const name = codeNames.get(written) ?? one.id;
    codeNames.set(written, name);
    code.set(name, written);
    return name;
  };
  const sourceName = (one: Found): string => {
    const name = text(one.properties['DataSourceName'], `${one.id}.DataSourceName`);
    if (sources.has(name)) return name;
    throw new DefinitionError(`${one.id} names the data source ${name}, which is not there`);
  };
  const batch = ({ properties: { MaxBatchSize } }: Found): { maxBatchSize?: number } =>
    MaxBatchSize === undefined ? {} : { maxBatchSize: Number(MaxBatchSize) };
  const functions = own('FunctionConfiguration').map((one): ApiFunction => ({
    name: `${one.stack.name}-${one.id}`,
    dataSource: sourceName(one),
    code: codeOf(one),
    ...batch(one),
  }));
  const resolvers = own('Resolver').map((one): ApiResolver => {
    const typeName = text(one.properties['TypeName'], `${one.id}.TypeName`);
    const fieldName = text(one.properties['FieldName'], `${one.id}.FieldName`);
    const place = { typeName, fieldName, code: codeOf(one) };
    const { Functions } = member(one.properties, 'PipelineConfig');
    return one.properties['Kind'] === 'PIPELINE'
      ? { kind: 'PIPELINE', ...place, functions: Array.isArray(Functions) ? Functions.map(String) : [] }
      : { kind: 'UNIT', ...place, dataSource: sourceName(one), ...batch(one) };
  });
  const [schema] = own('GraphQLSchema');
  if (schema === undefined) throw new DefinitionError(`The API ${id} has no AWS::AppSync::GraphQLSchema`);
  const { QueryDepthLimit, ResolverCountLimit, EnvironmentVariables } = properties;
  return {
    name: physicalName(stack, id, found.resource),
    api: {
      schema: textOf(schema, 'Definition', 'DefinitionS3Location', templates),
      dataSources: [...sources].map(([name, { kind }]): ApiDataSource => ({ name, kind })),
      functions,
      resolvers,
    },
    code,
    sources,
    ...shared,
    providers: providersOf(
      properties,
      own('ApiKey').map((key) => ({
        id: physicalName(key.stack, key.id, key.resource),
        expires: key.properties['Expires'],
      })),
      id,
    ),
    environment: isMembers(EnvironmentVariables) ? (EnvironmentVariables as Readonly<Record<string, string>>) : {},
    introspection: properties['IntrospectionConfig'] !== 'DISABLED',
    limits: {
      ...(QueryDepthLimit === undefined ? {} : { maxDepth: Number(QueryDepthLimit) }),
      ...(ResolverCountLimit === undefined || Number(ResolverCountLimit) === 0
        ? {}
        : { maxResolvers: Number(ResolverCountLimit) }),
    },
  };
}

/**
 * The AppSync APIs of CloudFormation templates, with what is behind their data sources.
 * @param path a template, or a folder as `cdk synth` writes it.
 * @returns at least one API.
 * @throws DefinitionError that names what is missing, or what this runtime does not have.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_AppSync.html
 */
export function loadApis(path: string): readonly ApiDefinition[] {
  const templates = readTemplates(path);
  const wanted = /^AWS::(AppSync::|DynamoDB::(Table|GlobalTable)$|Lambda::Function$)/;
  const all = templates.stacks.flatMap((stack) =>
    stack.resources
      .filter(([, { Type }]) => wanted.test(Type))
      .map(([id, resource]): Found => ({ stack, id, resource, properties: stack.properties(resource) })),
  );
  const of = (pattern: RegExp): Found[] => all.filter(({ resource }) => pattern.test(resource.Type));
  const shared: Shared = {
    tables: of(/^AWS::DynamoDB::/).map((one) => tableOf(physicalName(one.stack, one.id, one.resource), one.properties)),
    functions: of(/^AWS::Lambda::/).map((one) =>
      functionOf(physicalName(one.stack, one.id, one.resource), one.resource, one.properties, templates),
    ),
  };
  const apis = of(/^AWS::AppSync::GraphQLApi$/).map((api) => apiOf(api, all, shared, templates));
  if (apis.length === 0) throw new DefinitionError(`${path} holds no AWS::AppSync::GraphQLApi`);
  return apis;
}
