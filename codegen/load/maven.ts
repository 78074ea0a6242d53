import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const cache = join(import.meta.dirname, '..', '..', '.engines', 'maven');

/**
 * Unpacks an artifact of Maven Central, once; later calls use what is there. Checksums are verified by Maven.
 * @param artifact `group:artifact:version`.
 * @param includes Ant patterns of the files wanted, joined with commas.
 * @returns the folder it was unpacked into.
 * @throws when Maven is missing or the artifact cannot be had.
 */
export async function unpackArtifact(artifact: string, includes: string): Promise<string> {
  const folder = join(cache, `${artifact}_${includes}`.replace(/[^\w.-]+/g, '_'));
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  // Maven leaves markers in its working directory, so that is thrown away.
  const workspace = await mkdtemp(join(cache, 'unpacking-'));
  try {
    const command = ['-B', '-q', '-C', `${plugin}:unpack`, `-Dartifact=${artifact}`];
    const options = [`-DoutputDirectory=${join(workspace, 'unpacked')}`, `-Dmdep.unpack.includes=${includes}`];
    await promisify(execFile)('mvn', [...command, ...options], { cwd: workspace });
    await rename(join(workspace, 'unpacked'), folder);
  } catch (error) {
    // Another process may have been first.
    if (existsSync(folder)) return folder;
    throw new Error(`Maven could not unpack ${artifact}; codegen needs a JDK, Maven and Maven Central`, {
      cause: error,
    });
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
  return folder;
}
