import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Reads the files of a FHIR package: those directly in `package/`, not its examples.
 * https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
 * @param path a folder that holds `package.json`, or `package/package.json`; or a `.tgz`.
 * @returns the text of each `.json` by its name.
 * @throws the file system's error, or tar's.
 */
export async function packageFiles(path: string): Promise<ReadonlyMap<string, string>> {
  return (await stat(path)).isDirectory() ? folderFiles(path) : archiveFiles(path);
}

async function folderFiles(path: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(path);
  const folder = names.includes('package.json') ? path : join(path, 'package');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return new Map(
    await Promise.all(files.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

async function archiveFiles(path: string): Promise<ReadonlyMap<string, string>> {
  const { list } = await import('tar');
  const files = new Map<string, string>();
  await list({
    file: path,
    strict: true,
    onReadEntry(entry) {
      const name = /^(?:\.\/)?package\/([^/]+\.json)$/.exec(entry.path)?.[1];
      if (name === undefined) {
        entry.resume();
        return;
      }
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => files.set(name, Buffer.concat(chunks).toString('utf8')));
    },
  });
  return files;
}
