import type { Logger } from 'pino';
import { type EmbeddedOptions, type EmbeddedServers, openServers } from './compose.js';
import { guideNotes } from './guide/guide-notes.js';
import { readGuide } from './guide/read-guide.js';
import type { DefinitionOptions } from '../compose/serve.js';
import type { DiskState } from '../persistence/disk-space.js';
import type { Settings } from './settings.js';
import type { FhirVersion } from '../fhir/version.js';

/** What who runs the server is told of the disk. */
const diskNews = {
  enough: { level: 'info', what: 'the disk of DATA_DIR has room again' },
  low: { level: 'warn', what: 'the disk of DATA_DIR is nearly full: writes are refused when 64 MiB are left' },
  full: { level: 'error', what: 'the disk of DATA_DIR is full: writes are refused (507) until there is room again' },
} as const;

/**
 * Opens the stores that the settings name. The clients of DynamoDB and OpenSearch are loaded only where they are used.
 * @throws StoreError with a sentence for the user when they cannot be used; SettingsError for a guide that cannot.
 */
export async function openStores(
  settings: Settings,
  log: Logger,
  { isCommand = false }: Pick<EmbeddedOptions, 'isCommand'> = {},
): Promise<EmbeddedServers> {
  const { engines, dataFolder, validation, conditionalDelete, authorization } = settings;
  const guides = await Promise.all(settings.implementationGuides.map(readGuide));
  for (const note of guideNotes(guides)) log.warn(note);
  const options: DefinitionOptions = {
    ...(settings.graphqlLimits === undefined ? {} : { graphqlLimits: settings.graphqlLimits }),
    ...(settings.subscriptions === undefined ? {} : { subscriptions: settings.subscriptions }),
    validation,
    conditionalDelete,
    authorization,
    guides,
    jobs: settings.importSources === undefined ? {} : { importSources: settings.importSources },
    onNotifying: ({ what, error, subscription }) => {
      const { name, code } = error as { name?: string; code?: string };
      log.error({ name, code, subscription }, `notifying: ${what}`);
    },
    onPassedOver: ({ url, why }) => {
      log.warn({ url }, `a search parameter of an implementation guide is not served: ${why}`);
    },
    onJobProblem: (error, what) => {
      // Never its message, which may quote a resource.
      const { name, code } = error as { name?: string; code?: string };
      log.error({ name, code }, what);
    },
    onReindex: (version, done) => {
      if (done === undefined) {
        log.info({ version }, 'the search parameters changed: the search index is made anew from the store');
      } else {
        log.info({ version, ...done }, 'the search index is made anew');
      }
    },
  };
  if (engines.kind === 'embedded') {
    const onDisk = (state: DiskState, free: number): void => {
      const told = diskNews[state];
      log[told.level]({ free: `${String(Math.floor(free / 1024 ** 2))} MiB` }, told.what);
    };
    return openServers(dataFolder, { ...options, isCommand, onDisk });
  }
  const { openAwsServers } = await import('./compose-aws.js');
  const onOutdatedIndex = (version: FhirVersion): void => {
    // Tenants share the index: none of them makes it anew.
    const how = settings.tenancy === undefined ? 'POST $reindex' : 'POST $reindex at a start with TENANCY=off';
    log.warn({ version }, `the search index has terms of other search parameters: ${how} makes it anew`);
  };
  return openAwsServers(engines, dataFolder, log, { ...options, onOutdatedIndex });
}
