import { parseArgs } from 'node:util';
import { type Tenant, tenantNamed } from '../fhir/tenant.js';
import { type FhirVersion, fhirVersions } from '../fhir/version.js';
import { demoFiles, holdsDemo, nextSteps } from './load/demo.js';
import { guessVersions } from './load/guess-version.js';
import { importFiles } from './load/import-files.js';
import { findInputFiles } from './load/input-file.js';
import { type PlannedFile, loadFiles } from './load/load-files.js';
import { ownToken } from './load/own-token.js';
import type { Target } from './load/post.js';
import { showProgress } from './load/progress.js';
import { LoadReport } from './load/report.js';
import { readSettings } from './settings.js';

const usage = `Usage: npm run load -- <file|folder …> [--to r4|stu3] [--base URL] [--token T] [--tenant name] [--concurrency N] [--import]
Loads transaction and batch bundles, resources and NDJSON (also .gz) into a FHIR server.
  --to           the FHIR version of the files; guessed from each file when left out
  --base         the server, http://127.0.0.1:3000 unless given; with or without the version's path
  --token        an access token; a server on this machine needs none to be given
  --tenant       whose the resources are, where tenants share a server on this machine
  --concurrency  requests on their way at once, 4 unless given
  --import       has the server read NDJSON files itself, by $import: its IMPORT_SOURCES must name their folder
`;

const isVersion = (text: string | undefined): text is FhirVersion => fhirVersions.some((version) => version === text);
const print = (text: string): void => void process.stderr.write(text);

interface Asked {
  readonly paths: readonly string[];
  readonly demo: boolean;
  readonly to?: FhirVersion;
  /** The base URL of each version. */
  readonly bases: Readonly<Record<FhirVersion, string>>;
  readonly token?: string;
  readonly tenant?: Tenant;
  readonly tenantClaim?: string;
  readonly concurrency: number;
  readonly imports: boolean;
  readonly dataFolder: string;
}

/** What the command line asks for. */
function readCommand(commandLine: readonly string[]): Asked {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args: [...commandLine],
    options: { to: text, base: text, token: text, tenant: text, concurrency: text, demo: flag, import: flag },
    allowPositionals: true,
  });
  if (!values.demo && positionals.length === 0) throw new Error('Name a file or a folder');
  const concurrency = Number(values.concurrency ?? 4);
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > 64) {
    throw new Error(`--concurrency is "${values.concurrency ?? ''}": it must be a number from 1 to 64`);
  }
  const tenant = values.tenant === undefined ? undefined : tenantNamed(values.tenant);
  if (values.tenant !== undefined && tenant === undefined) {
    throw new Error(`--tenant is "${values.tenant}", which is no name of one`);
  }
  if (tenant !== undefined && values.token !== undefined) {
    throw new Error('--token says itself of which tenant it is: leave --tenant out, or name the tenant in --base');
  }
  const settings = readSettings(process.env);
  const base = (values.base ?? settings.publicUrl).replace(/\/+$/, '');
  if (!URL.canParse(base)) throw new Error(`--base is "${base}": it must be a URL such as http://127.0.0.1:3000`);
  const inBase = fhirVersions.find((version) => base.endsWith(`/${version}`));
  const root = inBase === undefined ? base : base.slice(0, -inBase.length - 1);
  const to = values.to?.toLowerCase() ?? inBase;
  if (to !== undefined && !isVersion(to)) throw new Error(`--to is "${to}": it may be ${fhirVersions.join(' or ')}`);
  return {
    paths: positionals,
    demo: values.demo,
    bases: { r4: `${root}/r4`, stu3: `${root}/stu3` },
    concurrency,
    imports: values.import,
    dataFolder: settings.dataFolder,
    ...(to === undefined ? {} : { to }),
    ...(values.token === undefined ? {} : { token: values.token }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(settings.tenancy === undefined ? {} : { tenantClaim: settings.tenancy.claim }),
  };
}

/** Which files go where; says what was guessed, and fails the files whose version nobody knows. */
async function plan(asked: Asked, report: LoadReport): Promise<PlannedFile[]> {
  const { to } = asked;
  const files = await findInputFiles(asked.paths);
  if (to !== undefined) return files.map((file) => ({ file, version: to }));
  const guesses = await guessVersions(files);
  const planned: PlannedFile[] = [];
  for (const file of files) {
    const version = guesses.get(file.path);
    if (version !== undefined) planned.push({ file, version });
    else
      report.fail({
        file: file.path,
        place: 'the file',
        reasons: ['nothing in it tells R4 from STU3: say --to r4 or --to stu3'],
      });
  }
  for (const version of fhirVersions) {
    const count = planned.filter((each) => each.version === version).length;
    if (count > 0) print(`${String(count)} of ${String(files.length)} files look like ${version}\n`);
  }
  return planned;
}

/** Has the server import the files of each version, and says how fast it was. */
async function importAll(
  planned: readonly PlannedFile[],
  targets: Readonly<Record<FhirVersion, Target>>,
  report: LoadReport,
): Promise<void> {
  for (const version of fhirVersions) {
    const files = planned.filter((each) => each.version === version);
    if (files.length === 0) continue;
    const onProgress = (percent: string): void => {
      print(process.stderr.isTTY ? `\r\u001b[K${version}: ${percent}` : '');
    };
    const done = await importFiles(version, files, { target: targets[version], report, onProgress });
    if (process.stderr.isTTY) print('\r\u001b[K');
    if (done === undefined) continue;
    const seconds = Math.max(done.milliseconds / 1000, 0.001);
    const [count, rate] = [String(done.resources), String(Math.round(done.resources / seconds))];
    process.stdout.write(`${version}: ${count} resources imported in ${seconds.toFixed(1)} s, ${rate} a second\n`);
  }
  if (report.failureCount === 0) return;
  process.stdout.write(report.renderFailures());
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const asked = readCommand(process.argv.slice(2));
  const token = asked.token ?? (await ownToken(new URL(asked.bases.r4).origin, asked.dataFolder, asked));
  const target = (version: FhirVersion): Target => ({
    base: asked.bases[version],
    ...(token === undefined ? {} : { token }),
  });
  const targets = { r4: target('r4'), stu3: target('stu3') };
  const report = new LoadReport();
  let planned = asked.demo ? await demoFiles() : await plan(asked, report);
  if (asked.demo) {
    const wanted: PlannedFile[] = [];
    for (const each of planned) {
      if (await holdsDemo(targets[each.version])) print(`The ${each.version} demo is already there\n`);
      else wanted.push(each);
    }
    planned = wanted;
  }
  if (asked.imports) {
    await importAll(planned, targets, report);
    return;
  }
  const started = performance.now();
  const progress = showProgress(process.stderr, report, planned.length);
  await loadFiles(planned, { targets, concurrency: asked.concurrency, report, progress });
  progress.end();
  if (planned.length > 0 || report.failureCount > 0) process.stdout.write(report.render(performance.now() - started));
  if (report.failureCount > 0) process.exitCode = 1;
  else if (asked.demo) process.stdout.write(`\n${nextSteps(asked.bases)}`);
}

try {
  await main();
} catch (error) {
  print(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 1;
}
