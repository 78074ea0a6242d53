import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { build } from 'esbuild';

const reader = join(dirname(fileURLToPath(import.meta.url)), 'read-packed.mjs');
const compress = promisify(brotliCompress);
/** By file: functions that are bundled at the same time share the work. */
const made = new Map();

/**
 * A plugin of esbuild: puts modules beside the bundle, compressed, each with all that it imports. The bundle reads, decompresses and runs one where
 * it would have run it anyway. Nothing that a module imports may be imported by the bundle in another way, or there would be two of it.
 * @param {readonly (string | RegExp)[]} modules names of packages as they are imported, or patterns of paths of files.
 * @returns {import('esbuild').Plugin}
 */
export const pack = (modules) => ({
  name: 'pack',
  setup(bundle) {
    const isPacked = (name) => modules.some((one) => (typeof one === 'string' ? one === name : one.test(name)));
    bundle.onResolve({ filter: /./ }, async ({ path, resolveDir, namespace, kind, pluginData }) => {
      if (pluginData === pack || namespace !== 'file' || kind === 'entry-point') return undefined;
      if (!isPacked(path.startsWith('.') ? resolve(resolveDir, path) : path)) return undefined;
      const { path: file, errors } = await bundle.resolve(path, { resolveDir, kind, pluginData: pack });
      return errors.length > 0
        ? { errors }
        : { path: file, namespace: kind === 'require-call' ? 'required' : 'imported' };
    });
    for (const way of ['imported', 'required']) {
      bundle.onResolve({ filter: /./, namespace: way }, ({ path, importer }) =>
        path === 'code' ? { path: importer, namespace: `code ${way}` } : { path: reader },
      );
      bundle.onLoad({ filter: /./, namespace: way }, async ({ path }) => ({
        contents: way === 'required' ? requiring : importing(await namesOf(path)),
      }));
      bundle.onLoad({ filter: /./, namespace: `code ${way}` }, async ({ path }) => {
        const key = `${way} ${path}`;
        if (!made.has(key)) made.set(key, codeOf(path, way));
        return { contents: await made.get(key), loader: 'file' };
      });
    }
  },
});

const requiring = `module.exports = require('reader').readPacked(require('code'));`;

const importing = (names) =>
  [
    `import { readPacked } from 'reader';`,
    `import code from 'code';`,
    `const packed = readPacked(code);`,
    ...names.map((name) =>
      name === 'default' ? 'export default packed.default;' : `export const ${name} = packed.${name};`,
    ),
  ].join('\n');

const namesOf = async (path) =>
  Object.keys(await import(pathToFileURL(path).href)).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));

/** A module with all it imports as compressed CommonJS. */
async function codeOf(path, way) {
  const { outputFiles } = await build({
    stdin: { contents: await entryOf(path, way), resolveDir: dirname(path) },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    minify: true,
    legalComments: 'none',
    charset: 'ascii',
    logLevel: 'warning',
  });
  const { contents } = outputFiles[0];
  return compress(contents, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: contents.length > 2 ** 20 ? 10 : 11, // 11 takes seconds for the largest
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
    },
  });
}

async function entryOf(path, way) {
  const file = JSON.stringify(`./${basename(path)}`);
  if (way === 'required') return `module.exports = require(${file});`;
  const hasDefault = (await namesOf(path)).includes('default');
  return `export * from ${file};${hasDefault ? `export { default } from ${file};` : ''}`;
}
