import { randomUUID } from 'node:crypto';
import { openAwsServers } from '../../../local/compose-aws.js';
import type { EmbeddedServers } from '../../../local/compose.js';
import type { DefinitionOptions } from '../../../compose/serve.js';
import { type AwsEngines, readSettings } from '../../../local/settings.js';
import type { ErrorLog } from '../../../rest/errors.js';
import { removeTables } from './remove-tables.js';

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
      await removeTables(prefix);
    },
  };
}
