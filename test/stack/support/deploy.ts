import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const infra = fileURLToPath(new URL('../../../infra/', import.meta.url));

/** What is deployed beside what emulators need: a stage of infra/settings.ts, and settings of its own. */
export interface AskedStage {
  readonly stage: 'dev' | 'production';
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A stage, deployed. */
export interface DeployedStage {
  /** The folder of its templates, as they were synthesized. */
  readonly templates: string;
  /** The settings file, to deploy other settings. */
  readonly settings: string;
  /** What the stacks tell, by the name of the output. */
  readonly outputs: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

/** Where the files are that may be imported. */
export const importBucket = 'import-sources';

/** What is beside MiniStack: a real OpenSearch, the runtime of AppSync APIs, and a subscriber’s endpoint. */
export interface Beside {
  /** The URL that Subscriptions may notify. */
  readonly hooks: string;
  readonly openSearch: string;
  readonly appSync: string;
}

/** What the CDK's command line is told of the emulator. */
const environment = (endpoint: string): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: '',
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  CDK_DEFAULT_ACCOUNT: '000000000000',
  CDK_DEFAULT_REGION: 'us-east-1',
});

/** Synthesizes a stage for the emulators, as `cdk synth` does. */
async function synthesize(
  folder: string,
  endpoint: string,
  { stage, settings: own }: AskedStage,
  { openSearch, appSync, hooks }: Beside,
): Promise<string> {
  const settings = join(folder, 'settings.json');
  const emulators = ['DYNAMODB_ENDPOINT', 'S3_ENDPOINT', 'SQS_ENDPOINT', 'COGNITO_ENDPOINT', 'STATES_ENDPOINT'];
  await writeFile(
    settings,
    JSON.stringify({
      region: 'us-east-1',
      search: { endpoint: openSearch },
      jobs: { segments: 3, atOnce: 2 },
      subscriptionEndpoints: [hooks],
      importSources: [`s3://${importBucket}/files/`],
      // One publisher publishes to one API: that of the tests takes the place of MiniStack's.
      environment: {
        ...Object.fromEntries(emulators.map((name) => [name, endpoint])),
        APPSYNC_URL: appSync,
        SUBSCRIPTION_PRIVATE_ADDRESSES: 'on',
      },
      ...own,
    }),
  );
  const { context } = JSON.parse(await readFile(join(infra, 'cdk.json'), 'utf8')) as { context: object };
  const templates = join(folder, 'cdk.out');
  await run(process.execPath, ['--import', 'tsx', 'app.ts'], {
    cwd: infra,
    env: {
      ...environment(endpoint),
      CDK_OUTDIR: templates,
      // The command line asks for the names of assets' files as well.
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, stage, settings, 'aws:cdk:enable-asset-metadata': true }),
    },
  });
  return templates;
}

/** MiniStack's CloudFront asks S3 as if without TLS, which the bucket of the console refuses. */
const refusesNoTls = '"aws:SecureTransport": "false"';

/** MiniStack knows no `RealtimeUrl` of an AppSync API: the output tells the URL of the API in its place. */
async function fitToEmulator(templates: string): Promise<void> {
  for (const name of (await readdir(templates)).filter((each) => each.endsWith('.template.json'))) {
    const file = join(templates, name);
    const text = await readFile(file, 'utf8');
    const fitted = text.replaceAll('"RealtimeUrl"\n', '"GraphQLUrl"\n');
    await writeFile(
      file,
      name.endsWith('-Console.template.json')
        ? fitted.replaceAll(refusesNoTls, refusesNoTls.replace('false', 'never'))
        : fitted,
    );
  }
}

/**
 * Deploys a stage by the CDK's command line, as a user does, and tells what is there then.
 * @param endpoint of MiniStack.
 */
export async function deployStage(endpoint: string, asked: AskedStage, beside: Beside): Promise<DeployedStage> {
  const folder = await mkdtemp(join(tmpdir(), 'fhir-stack-'));
  const templates = await synthesize(folder, endpoint, asked, beside);
  await fitToEmulator(templates);
  const outputsFile = join(folder, 'outputs.json');
  const cdk = async (...options: readonly string[]): Promise<void> => {
    const program = join(infra, 'node_modules', '.bin', 'cdk');
    try {
      await run(program, [...options, '--app', templates], {
        cwd: folder,
        env: environment(endpoint),
        maxBuffer: 1 << 26,
      });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`cdk ${options[0] ?? ''} failed:\n${`${stdout}${stderr}`.slice(-4_000)}`);
    }
  };
  await cdk('bootstrap', 'aws://000000000000/us-east-1');
  await cdk('deploy', '--all', '--require-approval', 'never', '--concurrency', '4', '--outputs-file', outputsFile);
  const stacks = JSON.parse(await readFile(outputsFile, 'utf8')) as Record<string, Record<string, string>>;
  return {
    templates,
    settings: join(folder, 'settings.json'),
    outputs: Object.assign({}, ...Object.values(stacks)) as Record<string, string>,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
