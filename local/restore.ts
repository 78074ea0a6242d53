import { parseArgs } from 'node:util';
import { dynamoDbTable } from '../persistence/dynamodb.js';
import { dynamoDbClients } from '../persistence/dynamodb/client.js';
import { restoreTable } from '../persistence/restore-table.js';
import { s3Client } from '../persistence/s3/client.js';
import { hasBodyIn, undelete } from '../persistence/s3/undelete.js';

const usage = `Usage: npm run restore -- --from <restored table> --to <table in use> --since <instant>
  [--bucket <bodies> [--folder <name of the table that was>]] [--dry-run]
Makes the table in use what the restored one is, and brings back the bodies deleted since (docs/deployment.md).
Nobody may write meanwhile; the search index is to be made anew afterwards.
  --since    the moment restored to, such as 2026-11-26T10:00:00Z
  --bucket   where bodies too large for an item and contents of Binaries are
  --folder   where the restored table's bodies are in it, when the table in use has another name than it had
`;

interface Asked {
  readonly from: string;
  readonly to: string;
  readonly since: number;
  readonly bucket: string | undefined;
  readonly folder: string;
  readonly dryRun: boolean;
}

/** @throws TypeError with a sentence for the user. */
function readCommand(commandLine: readonly string[]): Asked {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...commandLine],
    options: {
      from: text,
      to: text,
      since: text,
      bucket: text,
      folder: text,
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const { from, to, bucket, folder = to ?? '' } = values;
  const since = Date.parse(values.since ?? '');
  if (from === undefined || to === undefined || from === to) throw new TypeError('Name two tables by --from and --to');
  if (Number.isNaN(since)) throw new TypeError('--since must be an instant such as 2026-11-26T10:00:00Z');
  return { from, to, since, bucket, folder, dryRun: values['dry-run'] };
}

async function main(): Promise<number> {
  const { from, to, since, bucket, folder, dryRun } = readCommand(process.argv.slice(2));
  const { DYNAMODB_ENDPOINT, S3_ENDPOINT, AWS_REGION: region } = process.env;
  const place = (endpoint: string | undefined): { endpoint?: string; region?: string } => ({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  });
  const clients = dynamoDbClients(place(DYNAMODB_ENDPOINT));
  const s3 = s3Client(place(S3_ENDPOINT));
  const table = (name: string) => dynamoDbTable({ ...clients, name, patience: 20_000 });
  try {
    if (dryRun) console.log('Nothing is written (--dry-run). It would be:');
    if (bucket !== undefined) {
      const brought = await undelete(s3, { bucket, from: folder, to, since, dryRun });
      console.log(`${String(brought)} objects brought back`);
    }
    const { items, put, removed, lost } = await restoreTable({
      from: table(from),
      to: table(to),
      dryRun,
      ...(bucket === undefined || dryRun ? {} : { hasBody: hasBodyIn(s3, bucket, to) }),
    });
    console.log(`${String(items)} items as they were: ${String(put)} put back, ${String(removed)} later ones removed`);
    for (const each of lost) console.log(`LOST  the body of ${each}`);
    return lost.length === 0 ? 0 : 1;
  } finally {
    clients.close();
    s3.destroy();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof TypeError ? `${error.message}\n\n${usage}` : error);
    process.exitCode = 2;
  },
);
