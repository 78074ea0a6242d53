import { readFile } from 'node:fs/promises';

const own = 'const require = createRequire(import.meta.url);';

/**
 * A plugin of esbuild that bundles the library of units, which `fhir/ucum.ts` requires when the first unit is asked for: by a `require` of its own,
 * as modules must, of which esbuild knows nothing.
 * @type {import('esbuild').Plugin}
 */
export const bundledUnits = {
  name: 'bundled-units',
  setup(bundle) {
    bundle.onLoad({ filter: /[/\\]fhir[/\\]ucum\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes(own)) throw new Error(`${path} does not say "${own}"`);
      return { contents: text.replace(own, ''), loader: 'ts' };
    });
  },
};
