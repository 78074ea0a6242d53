// Builds the console with Vite, when something of it changed since the last build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = dirname(fileURLToPath(import.meta.url));
const project = dirname(root);
const compressible = /[.](js|css|svg|graphql|json)$/;
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 8);

/**
 * What is shipped beside the scripts: the schemas of both GraphQL APIs, so that nobody has to ask for them, and the requests
 * of the Postman collection.
 * @param operationSchema makes the schema of `$graphql`.
 */
async function shippedFiles(operationSchema) {
  const files = [];
  for (const version of ['r4', 'stu3']) {
    const schemas = {
      appsync: readFileSync(join(project, 'schema', version, 'schema.graphql'), 'utf8'),
      operation: await operationSchema(version),
    };
    for (const [surface, text] of Object.entries(schemas)) {
      const name = `schema-${surface}-${version}-${digest(text)}.graphql`;
      files.push({ setting: `SCHEMA_${surface}_${version}`.toUpperCase(), name, text });
    }
  }
  const requests = readFileSync(join(project, 'postman/fhir-on-appsync.postman_collection.json'), 'utf8');
  files.push({ setting: 'REQUESTS', name: `requests-${digest(requests)}.json`, text: requests });
  return files;
}

/** A digest of all that the build is made of: the sources, what it ships, and the versions of the packages. */
function digestOfSources(shipped) {
  const hash = createHash('sha256');
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath ?? each.path, each.name))
    .sort();
  for (const file of [...files, join(project, 'package-lock.json')]) hash.update(file).update(readFileSync(file));
  for (const { text } of shipped) hash.update(text);
  return hash.digest('hex');
}

/**
 * Builds the console.
 * @param folder where to, from the project on: `index.html`, and `console/` with files named after their content, each
 *   that can be compressed beside its `.gz`.
 * @param operationSchema makes the schema of `$graphql` of a version, as GraphQL's language has it.
 */
export async function buildConsole(folder, operationSchema) {
  const outDir = join(project, folder);
  const files = join(outDir, 'console');
  const mark = join(outDir, 'digest');
  const shipped = await shippedFiles(operationSchema);
  const sources = digestOfSources(shipped);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sources) return;
  const { build } = await import('vite');
  rmSync(mark, { force: true });
  await build({
    root,
    base: './',
    configFile: false,
    logLevel: 'warn',
    define: Object.fromEntries(
      shipped.map(({ setting, name }) => [`import.meta.env.${setting}`, JSON.stringify(`console/${name}`)]),
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
  for (const { name, text } of shipped) writeFileSync(join(files, name), text);
  for (const name of readdirSync(files).filter((each) => compressible.test(each))) {
    writeFileSync(join(files, `${name}.gz`), gzipSync(readFileSync(join(files, name)), { level: 9 }));
  }
  writeFileSync(mark, sources);
}
