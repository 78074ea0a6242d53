import { randomUUID } from 'node:crypto';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { Client } from '@opensearch-project/opensearch';
import { fhirVersions } from '../../../fhir/version.js';
import { openAwsServers } from '../../../local/compose-aws.js';
import type { EmbeddedServers } from '../../../local/compose.js';
import type { DefinitionOptions } from '../../../compose/serve.js';
import { indicesOf } from '../../../search/opensearch/create-index.js';
import { type AwsEngines, readSettings } from '../../../local/settings.js';
import type { ErrorLog } from '../../../rest/errors.js';
import { localClients } from './dynamodb.js';

/**
 * Both FHIR versions on the engines that `npm run test:engines` started, with tables and indices of their own, removed
 * at the end. Searches see a write when it is answered, as on the embedded store, unless `consistency` says otherwise.
 */
export async function openOnEngines(
  folder: string,
  log: ErrorLog,
  consistency: 'eventual' | 'strong' = 'strong',
  options: DefinitionOptions = {},
): Promise<EmbeddedServers & { readonly engines: AwsEngines }> {
  const prefix = `test-${randomUUID()}`;
  const { S3_ENDPOINT } = process.env;
  const environment = {
    ...process.env,
    ENGINES: 'aws',
    TABLE_PREFIX: prefix,
    CONSISTENCY: consistency,
    ...(S3_ENDPOINT === undefined ? {} : { BODIES_BUCKET: 'bodies' }),
  };
  const { engines } = readSettings(environment);
  if (engines.kind !== 'aws') throw new Error('The settings name no engines');
  const opened = await openAwsServers(engines, folder, log, { ...options, refresh: 'now', believed: 20 });
  return {
    servers: opened.servers,
    engines,
    async close() {
      await opened.close();
      const clients = localClients();
      const openSearch = new Client({ node: engines.openSearchEndpoint });
      for (const version of fhirVersions) {
        await clients.client.send(new DeleteTableCommand({ TableName: `${prefix}-${version}` }));
        await openSearch.indices.delete({ index: [...(await indicesOf(openSearch, `${prefix}-${version}`))] });
      }
      clients.close();
      await openSearch.close();
    },
  };
}
