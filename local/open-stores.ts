import type { Logger } from 'pino';
import { type EmbeddedServers, openServers } from './compose.js';
import type { Settings } from './settings.js';

/**
 * Opens the stores that the settings name. The clients of DynamoDB and OpenSearch are loaded only where they are used.
 * @throws StoreError with a sentence for the user when they cannot be used.
 */
export async function openStores(settings: Settings, log: Logger): Promise<EmbeddedServers> {
  const { engines, dataFolder } = settings;
  if (engines.kind === 'embedded') return openServers(dataFolder);
  const { openAwsServers } = await import('./compose-aws.js');
  return openAwsServers(engines, dataFolder, log);
}
