import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Parts of OpenSearch's API that this server asks for, beside the functions of the client itself. */
const asked = ['indices'];

/** What Express may send of itself; what this server answers, it says the type of. */
const mediaTypes = ['application/json', 'application/octet-stream', 'text/html', 'text/plain'];

/**
 * A plugin of esbuild that leaves out of libraries what this server never comes to, which would be read at every start:
 *
 * - iconv-lite, for bodies as text in other charsets: this server reads bodies as bytes, of which only UTF-8 is taken;
 * - the parts of OpenSearch's API that it does not ask for: who asks is told;
 * - all but few of the world's media types;
 * - bowser, by which the SDK of AWS tells browsers apart;
 * - where that looks for credentials: Lambda gives a function those of its role in the environment.
 *
 * @type {import('esbuild').Plugin}
 */
export const leaveOut = {
  name: 'leave-out',
  setup(bundle) {
    bundle.onLoad({ filter: /[/\\]iconv-lite[/\\]lib[/\\]index\.js$/ }, () => ({
      contents: 'exports.encodingExists = () => false;',
    }));
    bundle.onLoad({ filter: /[/\\]opensearch[/\\]api[/\\]\w+[/\\]_api\.js$/ }, ({ path }) => {
      const [, part] = /(\w+)[/\\]_api\.js$/.exec(path);
      const told = `OpenSearch's ${part} is not in the bundle: see compose/bundle/leave-out.mjs`;
      return asked.includes(part)
        ? undefined
        : { contents: `module.exports = function () { throw new Error(${JSON.stringify(told)}); };` };
    });
    bundle.onLoad({ filter: /[/\\]bowser[/\\]/ }, () => ({ contents: 'module.exports = {};' }));
    bundle.onLoad({ filter: /[/\\]credential-provider-node[/\\]dist-es[/\\]index\.js$/ }, ({ path }) => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
      resolveDir: dirname(path),
    }));
    bundle.onLoad({ filter: /[/\\]mime-db[/\\]db\.json$/ }, async ({ path }) => {
      const all = JSON.parse(await readFile(path, 'utf8'));
      return {
        contents: JSON.stringify(Object.fromEntries(mediaTypes.map((type) => [type, all[type]]))),
        loader: 'json',
      };
    });
  },
};
