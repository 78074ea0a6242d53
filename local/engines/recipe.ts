import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../project-folder.js';

/** An engine cannot be installed or started; the message is a sentence for who asked for it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** The engines there are recipes for: a folder here each, with a pom.xml that names its jars and a Java program. */
export type EngineName = 'dynamodb' | 'opensearch';

const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const run = promisify(execFile);

/** Jars and classes are the same for every clone of a user: they are kept with the user's caches. */
export const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fhir-on-appsync', 'engines');

/**
 * Installs an engine, once; later calls use what is there. Maven checks the jars' checksums.
 * @returns the folder that holds `lib/*.jar` and `classes/`.
 * @throws EngineError when the JDK or Maven is missing, or Maven cannot get the jars.
 */
export async function installEngine(name: EngineName): Promise<string> {
  const recipe = join(projectFolder(), 'local', 'engines', name);
  const files = (await readdir(recipe)).toSorted();
  const digest = createHash('sha256');
  for (const file of files) digest.update(await readFile(join(recipe, file)));
  const folder = join(cacheFolder(), `${name}-${digest.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  const draft = await mkdtemp(`${folder}-draft-`);
  try {
    await copyJars(recipe, join(draft, 'lib'));
    await compile(recipe, files, draft);
    await rename(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // another process was first
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

async function copyJars(recipe: string, lib: string): Promise<void> {
  const pom = join(recipe, 'pom.xml');
  const options = ['-DincludeScope=runtime', `-DoutputDirectory=${lib}`];
  await needing('mvn', 'Maven', ['-B', '-q', '-f', pom, copyDependencies, ...options]);
}

async function compile(recipe: string, files: readonly string[], draft: string): Promise<void> {
  const classes = join(draft, 'classes');
  await mkdir(classes);
  const sources = files.filter((file) => file.endsWith('.java')).map((file) => join(recipe, file));
  await needing('javac', 'a JDK', ['--release', '17', '-cp', join(draft, 'lib', '*'), '-d', classes, ...sources]);
  for (const file of files.filter((each) => each.endsWith('.properties'))) {
    await copyFile(join(recipe, file), join(classes, file));
  }
}

async function needing(command: string, what: string, options: readonly string[]): Promise<void> {
  try {
    await run(command, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new EngineError(
        `The engines need ${what}: there is no ${command} here. Install a JDK 17 or newer and Maven, or leave ENGINES unset`,
      );
    }
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new EngineError(`${command} could not prepare an engine: ${`${stdout}${stderr}`.trim().slice(0, 1000)}`);
  }
}
