import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { s3Client } from '../../persistence/s3/client.js';
import { type PageFile, putFiles } from '../../persistence/s3/put-files.js';
import { type DeployedConsole, deployedDocument, deployedSettings } from './deployed.js';
import { consoleFileType, keptForLong } from './files.js';

const notKept = 'no-store';
const html = 'text/html; charset=utf-8';
const missing = `<!doctype html>
<html lang="en"><head><meta charset="utf-8" /><title>Not here</title></head>
<body><p>There is nothing here. The console is at <a href="/">the first page</a>.</p></body></html>
`;

/**
 * The Lambda function that each deployment calls once everything else is there: puts the console's files, which are
 * beside it in its bundle, into `CONSOLE_BUCKET`, and what it is told by `CONSOLE` (JSON). Files of earlier builds stay:
 * pages that are open ask for them.
 * @returns how many files were put.
 * @throws when S3 does not take one, so that the deployment fails.
 */
export const handler = async (): Promise<{ readonly files: number }> => {
  const { CONSOLE_BUCKET: bucket = '', CONSOLE: told = '', S3_ENDPOINT: endpoint, AWS_REGION: region } = process.env;
  const deployed = JSON.parse(told) as DeployedConsole;
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'site');
  const files = filesOf(join(folder, 'console'));
  // The document goes last: whoever gets it finds what it asks for.
  const last: readonly PageFile[] = [
    {
      key: 'console.json',
      type: 'application/json; charset=utf-8',
      cacheControl: notKept,
      body: Buffer.from(JSON.stringify(deployedSettings(deployed))),
    },
    { key: 'missing.html', type: html, cacheControl: notKept, body: Buffer.from(missing) },
    {
      key: 'index.html',
      type: html,
      cacheControl: notKept,
      body: Buffer.from(deployedDocument(readFileSync(join(folder, 'index.html'), 'utf8'), deployed)),
    },
  ];
  const client = s3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  });
  try {
    await putFiles(client, bucket, files);
    await putFiles(client, bucket, last);
  } finally {
    client.destroy();
  }
  return { files: files.length + last.length };
};

const filesOf = (folder: string): readonly PageFile[] =>
  readdirSync(folder).flatMap((name) => {
    const type = consoleFileType(name);
    return type === undefined
      ? []
      : [{ key: `console/${name}`, type, cacheControl: keptForLong, body: readFileSync(join(folder, name)) }];
  });
