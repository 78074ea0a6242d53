// Builds the console with Vite, when something of it changed since the last build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = dirname(fileURLToPath(import.meta.url));
const project = dirname(root);
const compressible = /[.](js|css|svg|graphql)$/;
const schemaOf = (version) => readFileSync(join(project, 'schema', version, 'schema.graphql'));
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 8);

/** A digest of all that the build is made of: the sources, the schemas it ships, and the versions of the packages. */
function digestOfSources() {
  const hash = createHash('sha256');
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath ?? each.path, each.name))
    .sort();
  for (const file of [...files, join(project, 'package-lock.json')]) hash.update(file).update(readFileSync(file));
  return hash.update(schemaOf('r4')).update(schemaOf('stu3')).digest('hex');
}

/**
 * Builds the console.
 * @param folder where to, from the project on: `index.html`, and `console/` with files named after their content, each
 *   that can be compressed beside its `.gz`.
 */
export async function buildConsole(folder) {
  const outDir = join(project, folder);
  const files = join(outDir, 'console');
  const mark = join(outDir, 'digest');
  const sources = digestOfSources();
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sources) return;
  const { build } = await import('vite');
  const schemas = ['r4', 'stu3'].map((version) => {
    const text = schemaOf(version);
    return { version, text, name: `schema-${version}-${digest(text)}.graphql` };
  });
  rmSync(mark, { force: true });
  await build({
    root,
    base: './',
    configFile: false,
    logLevel: 'warn',
    define: Object.fromEntries(
      schemas.map(({ version, name }) => [
        `import.meta.env.SCHEMA_${version.toUpperCase()}`,
        JSON.stringify(`console/${name}`),
      ]),
    ),
    build: {
      outDir,
      emptyOutDir: true,
      assetsDir: 'console',
      target: 'es2022',
      assetsInlineLimit: 0, // nothing in data: URLs, which the policy of the page does not let in
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 4000,
      rolldownOptions: { checks: { moduleLevelDirective: false } }, // React's "use client" means nothing here
    },
  });
  mkdirSync(files, { recursive: true });
  for (const { name, text } of schemas) writeFileSync(join(files, name), text);
  for (const name of readdirSync(files).filter((each) => compressible.test(each))) {
    writeFileSync(join(files, `${name}.gz`), gzipSync(readFileSync(join(files, name)), { level: 9 }));
  }
  writeFileSync(mark, sources);
}
