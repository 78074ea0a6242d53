import { pino } from 'pino';
import { OperationOutcomeError } from '../fhir/outcome.js';
import { withoutWords } from '../fhir/without-words.js';
import { StoreError } from '../persistence/store-error.js';
import { startServer } from './server.js';
import { readSettings, SettingsError } from './settings.js';

/** What stops a start, as a sentence for whoever started it; undefined for what nobody foresaw. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof SettingsError || error instanceof StoreError) return error.message;
  if (error instanceof OperationOutcomeError && error.status === 507) return error.message; // an index to be made anew
  const { code, port, address, path, hostname } = error as Error & {
    code?: string;
    port?: number;
    address?: string;
    path?: string;
    hostname?: string;
  };
  const place = `${address ?? ''}:${String(port)}`;
  switch (code) {
    case 'EADDRINUSE':
      return `The port ${place} is in use: stop what listens there, or choose another with PORT`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${address ?? hostname ?? ''}: choose another with HOST`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOENT':
    case 'ENOSPC':
      return port === undefined
        ? `The data folder cannot be used (${code} at ${path ?? 'an unknown place'}): choose another with DATA_DIR`
        : `Listening on ${place} is not allowed: choose another port with PORT`;
    default:
      return undefined;
  }
}

async function main(): Promise<void> {
  const begun = performance.now();
  const settings = readSettings(process.env);
  const log = pino({ level: settings.logLevel });
  // Node would print its message, which may quote a resource.
  process.on('uncaughtException', (error: unknown) => {
    log.fatal(withoutWords(error), 'an error that nobody took ends the process');
    process.exit(1);
  });
  const running = await startServer(settings, log);
  const milliseconds = Math.round(performance.now() - begun);
  if (settings.auth === 'off') {
    console.log('AUTH=off: no token is asked for; who reaches this server reads and writes everything.');
  }
  const { url, port } = running;
  const address = settings.isPublicUrlSet ? `${settings.host} port ${String(port)}, known as ${url}` : url;
  const data = settings.engines.kind === 'aws' ? 'DynamoDB, searched by OpenSearch' : settings.dataFolder;
  let isClosing = false;
  const close = (): void => {
    if (isClosing) process.exit(130); // a second Ctrl-C does not wait; LMDB keeps what was committed
    isClosing = true;
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(withoutWords(error), 'closing failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
  console.log(`fhir-on-appsync listens on ${address} (data in ${data}, ready in ${String(milliseconds)} ms)`);
}

main().catch((error: unknown) => {
  const sentence = sentenceOf(error);
  console.error(sentence ?? withoutWords(error));
  process.exit(1);
});
