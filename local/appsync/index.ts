// `npx tsx local/appsync --template cdk.out`: serves any AppSync API by itself, on 127.0.0.1.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Jwks } from 'aws-jwt-verify/jwk';
import { GraphQLError } from 'graphql';
import { BundleError } from './bundle/compile.js';
import { DefinitionError, type ProviderDefinition } from './definition.js';
import { loadFolder } from './load-folder.js';
import { serveStandalone } from './standalone.js';
import { loadApis } from './template/load-apis.js';

const usage = `npx tsx local/appsync --template <cdk.out or template> | --folder <folder>
  --port <port>                  4000 unless given
  --dynamodb-endpoint <URL>      tables are there instead of in memory
  --endpoint <source>=<URL>      of an HTTP or OpenSearch data source, instead of its own
  --access-key <id>:<secret>     whose signatures count (IAM); local:local unless given
  --jwks <issuer>=<file>         an issuer's public keys; fetched from it otherwise
  --unsigned-tokens              takes tokens without a look at their signatures`;

const options = {
  template: { type: 'string' },
  folder: { type: 'string' },
  port: { type: 'string', default: '4000' },
  'dynamodb-endpoint': { type: 'string' },
  endpoint: { type: 'string', multiple: true },
  'access-key': { type: 'string', multiple: true },
  jwks: { type: 'string', multiple: true },
  'unsigned-tokens': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The two sides of `name=value`, split where `separator` stands first. */
function pair(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  if (at < 1) throw new DefinitionError(`"${text}" must have the form <name>${separator}<value>\n${usage}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

const shown = (provider: ProviderDefinition): string =>
  provider.mode === 'API_KEY' ? `API_KEY ${provider.keys.map(({ id }) => id).join(' ')}` : provider.mode;

async function main(): Promise<void> {
  const { values } = parseArgs({ options });
  const { template, folder } = values;
  if (values.help || (template === undefined) === (folder === undefined)) {
    console.log(usage);
    process.exit(values.help ? 0 : 1);
  }
  const definitions = template === undefined ? [loadFolder(folder ?? '')] : loadApis(template);
  const keys = (values.jwks ?? []).map((text) => pair(text, '='));
  const endpoint = values['dynamodb-endpoint'];
  const standalone = await serveStandalone(definitions, {
    port: Number(values.port),
    ...(endpoint === undefined ? {} : { dynamoDbEndpoint: endpoint }),
    endpoints: new Map((values.endpoint ?? []).map((text) => pair(text, '='))),
    issuerKeys: new Map(keys.map(([issuer, file]) => [issuer, JSON.parse(readFileSync(file, 'utf8')) as Jwks])),
    unsignedTokens: values['unsigned-tokens'],
    accessKeys: new Map((values['access-key'] ?? ['local:local']).map((text) => pair(text, ':'))),
    tell: (line) => {
      console.log(line);
    },
  });
  for (const { name, providers } of definitions) {
    console.log(`${name}: ${standalone.urls.get(name) ?? ''} (${providers.map(shown).join(', ')})`);
  }
}

main().catch((error: unknown) => {
  const { code } = error as { code?: unknown };
  const isSaid =
    error instanceof DefinitionError ||
    error instanceof BundleError ||
    error instanceof GraphQLError ||
    code !== undefined;
  console.error(isSaid && error instanceof Error ? error.message : error);
  process.exit(1);
});
