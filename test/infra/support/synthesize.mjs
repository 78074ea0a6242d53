// Before the suites: two stages as CloudFormation templates, in folders that the suites find by `INFRA_TEMPLATES`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const infra = fileURLToPath(new URL('../../../infra/', import.meta.url));

/** What is synthesized: the stage dev as it is, and the stage production with what it leaves off, of one version. */
const stages = {
  dev: {},
  production: {
    fhirVersions: ['stu3'],
    console: false,
    authorization: 'roles+smart',
    tenancy: 'pooled',
    alarmEmail: 'ops@example.org',
    subscriptionEndpoints: ['https://hooks.example.org/fhir'],
    importSources: ['s3://imports/{tenant}/'],
  },
};

export default function synthesize() {
  if (!existsSync(join(infra, 'node_modules'))) throw new Error('infra/ is not installed: run "npm --prefix infra ci"');
  const folder = mkdtempSync(join(tmpdir(), 'fhir-infra-'));
  for (const [stage, settings] of Object.entries(stages)) synthesizeStage(folder, stage, settings);
  process.env['INFRA_TEMPLATES'] = folder;
  globalThis.removeTemplates = () => rmSync(folder, { recursive: true, force: true });
}

/** Runs the app as the CDK's command line does. */
function synthesizeStage(folder, stage, settings) {
  const file = join(folder, `${stage}.json`);
  writeFileSync(file, JSON.stringify(settings));
  const { context } = JSON.parse(readFileSync(join(infra, 'cdk.json'), 'utf8'));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'app.ts'], {
    cwd: infra,
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      CDK_OUTDIR: join(folder, stage),
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, 'aws:cdk:enable-asset-metadata': true, stage, settings: file }),
    },
  });
  if (status !== 0) throw new Error(`The stage ${stage} cannot be synthesized:\n${stdout}${stderr}`);
}
