/**
 * A plugin of esbuild in place of iconv-lite, half a megabyte that is loaded with Express for bodies as text in other charsets: this server reads
 * bodies as bytes, of which only UTF-8 is taken.
 * @type {import('esbuild').Plugin}
 */
export const utf8Only = {
  name: 'utf8-only',
  setup(bundle) {
    bundle.onResolve({ filter: /^iconv-lite$/ }, ({ path }) => ({ path, namespace: 'utf8-only' }));
    bundle.onLoad({ filter: /./, namespace: 'utf8-only' }, () => ({
      contents: `exports.encodingExists = () => false;`,
    }));
  },
};
