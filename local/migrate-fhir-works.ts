import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { destination, pino } from 'pino';
import { type Tenant, tenantNamed } from '../fhir/tenant.js';
import { fhirVersions } from '../fhir/version.js';
import { defaultTenant } from '../persistence/keys.js';
import { dynamoDbClients } from '../persistence/dynamodb/client.js';
import { fhirWorksKeys, fhirWorksVersions } from '../persistence/dynamodb/fhir-works-table.js';
import { s3Client } from '../persistence/s3/client.js';
import { fhirWorksContent } from '../persistence/s3/fhir-works-binaries.js';
import { migrate, type MigrationReport, type MigrationSource } from './migrate/migrate.js';
import { openStores } from './open-stores.js';
import { readSettings, type Settings } from './settings.js';

const usage = `Usage: npm run migrate:fhir-works -- --from <resource table> [--fhir-version r4|stu3] [--binary-bucket b]
  [--from-region r] [--from-endpoint url] [--binary-endpoint url] [--tenant t] [--base url]… [--report file] [--dry-run]
Brings the resources of FHIR Works on AWS, with all versions, into the stores that the environment names (DATA_DIR, or
ENGINES=aws …: docs/migration.md). The server must not run on an embedded store meanwhile.
`;

function read(): {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly bases: readonly string[];
  readonly dryRun: boolean;
} {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      from: text,
      'fhir-version': { ...text, default: 'r4' },
      'binary-bucket': text,
      'from-region': text,
      'from-endpoint': text,
      'binary-endpoint': text,
      tenant: text,
      base: { ...text, multiple: true, default: [] },
      report: text,
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const { base, 'dry-run': dryRun, ...rest } = values;
  return { values: rest, bases: base.map((url) => url.replace(/\/+$/, '')), dryRun };
}

const place = (endpoint: string | undefined, region: string | undefined): { endpoint?: string; region?: string } => ({
  ...(endpoint === undefined ? {} : { endpoint }),
  ...(region === undefined ? {} : { region }),
});

function tell({ failed, notes, ...counts }: MigrationReport, dryRun: boolean): void {
  console.log(dryRun ? 'Nothing was written (--dry-run). It would be:' : 'Done:');
  for (const [what, count] of Object.entries(counts)) console.log(`  ${what.padEnd(14)}${String(count)}`);
  for (const { resource, note } of notes) console.log(`note    ${resource}: ${note}`);
  for (const { resource, why } of failed) console.log(`FAILED  ${resource}: ${why}`);
}

/**
 * Whose the resources become: where tenants share this server, those of the tenant of the same name.
 * @throws Error for a name that is none here, and where none is named.
 */
function ownerOf({ tenancy }: Settings, name: string | undefined): Tenant {
  if (tenancy === undefined) return defaultTenant;
  const owner = name === undefined ? undefined : tenantNamed(name);
  if (owner !== undefined) return owner;
  throw new Error(
    name === undefined
      ? 'With TENANCY=pooled name the tenant by --tenant'
      : `${name} names no tenant here: letters, digits, "-" and "_", a letter or digit first`,
  );
}

async function main(): Promise<void> {
  const { values, bases, dryRun } = read();
  const { from, tenant, report: file, 'binary-bucket': bucket } = values;
  const settings = readSettings(process.env);
  const owner = ownerOf(settings, tenant);
  if (from === undefined) throw new Error('Name the table by --from');
  const version = fhirVersions.find((each) => each === values['fhir-version']);
  if (version === undefined) throw new Error(`--fhir-version may be ${fhirVersions.join(', ')}`);
  const clients = dynamoDbClients(place(values['from-endpoint'], values['from-region']));
  const s3 = s3Client(place(values['binary-endpoint'], values['from-region']));
  const stores = await openStores(settings, pino({ level: 'warn' }, destination(2)), { isCommand: true });
  try {
    const source: MigrationSource = {
      keys: () => fhirWorksKeys(clients.client, from),
      versions: (key) => fhirWorksVersions(clients.client, from, key),
      ...(bucket === undefined ? {} : { content: (content) => fhirWorksContent(s3, bucket, content) }),
    };
    const report = await migrate(source, { ...stores.servers[version], tenant: owner }, { tenant, bases, dryRun });
    tell(report, dryRun);
    if (file !== undefined) writeFileSync(file, `${JSON.stringify({ dryRun, ...report }, undefined, 2)}\n`);
    if (report.failed.length > 0) process.exitCode = 1;
  } finally {
    await stores.close();
    clients.close();
    s3.destroy();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 1;
});
