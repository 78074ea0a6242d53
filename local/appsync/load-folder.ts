import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { ApiDataSource, ApiFunction, ApiResolver } from '../../schema/api.js';
import {
  type ApiDefinition,
  DefinitionError,
  type FunctionDefinition,
  type ProviderDefinition,
  type SourceDefinition,
} from './definition.js';
import type { TableSchema } from './data-sources/dynamodb/table-schema.js';

/** `api.json` of a folder. */
interface ApiFile {
  readonly dataSources: Readonly<Record<string, SourceDefinition>>;
  readonly resolvers: readonly ApiResolver[];
  readonly functions?: readonly ApiFunction[];
  readonly tables?: readonly TableSchema[];
  readonly lambdas?: readonly (Omit<FunctionDefinition, 'code'> & { readonly folder: string })[];
  readonly authorization: readonly ProviderDefinition[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly introspection?: boolean;
  readonly limits?: ApiDefinition['limits'];
}

/**
 * The API in a folder: `schema.graphql`, the bundles `<code>.js` and `api.json`, which says the rest in the words of
 * this runtime.
 * @throws DefinitionError when one of them is missing or no JSON.
 */
export function loadFolder(folder: string): ApiDefinition {
  const read = (name: string): string => {
    const file = join(folder, name);
    if (!existsSync(file)) throw new DefinitionError(`There is no ${file}`);
    return readFileSync(file, 'utf8');
  };
  let api: ApiFile;
  try {
    api = JSON.parse(read('api.json')) as ApiFile;
  } catch (error) {
    throw error instanceof SyntaxError
      ? new DefinitionError(`${join(folder, 'api.json')} is no JSON: ${error.message}`)
      : error;
  }
  const { resolvers, functions = [], lambdas = [], dataSources } = api;
  const codes = new Set([...resolvers, ...functions].map(({ code }) => code));
  return {
    name: basename(resolve(folder)),
    api: {
      schema: read('schema.graphql'),
      dataSources: Object.entries(dataSources).map(([name, { kind }]): ApiDataSource => ({ name, kind })),
      functions,
      resolvers,
    },
    code: new Map([...codes].map((name) => [name, read(`${name}.js`)])),
    sources: new Map(Object.entries(dataSources)),
    tables: api.tables ?? [],
    functions: lambdas.map(({ folder: own, ...rest }) => ({ ...rest, code: { folder: resolve(folder, own) } })),
    providers: api.authorization,
    environment: api.environment ?? {},
    introspection: api.introspection ?? true,
    limits: api.limits ?? {},
  };
}
