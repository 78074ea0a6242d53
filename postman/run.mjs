// `npm run test:postman`: starts the built server on a free port with an empty store, sends it every request of the collection, as R4 and as STU3,
// and tells which of the collection's assertions fail. With --base <url> it asks a server that runs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import newman from 'newman';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: { base: { type: 'string' }, environment: { type: 'string', default: 'local' } },
});

/** Where the server that is started imports from. */
const importSource = (folder) => pathToFileURL(`${join(folder, 'imports')}/`).href;

/** Writes a file to be imported. @returns the variables that the collection imports it by. */
async function fileToImport(folder) {
  await mkdir(join(folder, 'imports'));
  const patients = ['one', 'two'].map((family) => ({
    resourceType: 'Patient',
    id: `imported-${family}`,
    name: [{ family }],
  }));
  await writeFile(join(folder, 'imports', 'patients.ndjson'), patients.map((each) => JSON.stringify(each)).join('\n'));
  return { importUrl: `${importSource(folder)}patients.ndjson`, importStorage: 'file' };
}

/** Starts the server; resolves with its URL once it says that it listens. */
function start(folder) {
  const child = spawn(process.execPath, [join(here, '..', 'dist', 'main.js')], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: folder,
      LOG_LEVEL: 'error',
      IMPORT_SOURCES: importSource(folder),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      const [, url] = /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(printed) ?? [];
      if (url !== undefined) resolve({ child, url });
    });
    child.once('exit', (code) => reject(new Error(`The server ended (${code}):\n${printed}`)));
  });
}

/** Sends the collection's requests; resolves with how many assertions hold, and what fails. */
const send = (baseUrl, version, imported) =>
  new Promise((resolve, reject) => {
    const variables = { ...(baseUrl === undefined ? {} : { baseUrl }), version, ...imported };
    newman.run(
      {
        collection: join(here, 'fhir-on-appsync.postman_collection.json'),
        environment: join(here, 'environments', `${values.environment}.postman_environment.json`),
        envVar: Object.entries(variables).map(([key, value]) => ({ key, value })),
        timeoutRequest: 60_000,
      },
      (error, summary) => {
        if (error) reject(error);
        else resolve(summary.run);
      },
    );
  });

const folder = values.base === undefined ? await mkdtemp(join(tmpdir(), 'fhir-postman-')) : undefined;
const imported = folder === undefined ? {} : await fileToImport(folder);
const server = folder === undefined ? undefined : await start(folder);
try {
  const versions = ['r4', 'stu3'];
  const runs = await Promise.all(versions.map((version) => send(values.base ?? server?.url, version, imported)));
  for (const [place, { stats, failures }] of runs.entries()) {
    const version = versions[place];
    for (const { source, error } of failures) console.log(`FAILED ${version} ${source?.name}: ${error.message}`);
    const { total, failed } = stats.assertions;
    console.log(`${version}: ${stats.requests.total} requests, ${total - failed} assertions hold, ${failed} fail`);
    if (failures.length > 0 || total < 100) process.exitCode = 1;
  }
} finally {
  if (server !== undefined) {
    server.child.removeAllListeners('exit');
    const ended = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    await ended;
  }
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
