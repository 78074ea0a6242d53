import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import { brotliDecompressSync } from 'node:zlib';

const requireOfNode = createRequire(import.meta.url);

/**
 * Runs a module that `pack.mjs` has put beside the bundle.
 * @param {string} name of its file: CommonJS in ASCII, compressed by brotli.
 * @returns what it exports.
 */
export function readPacked(name) {
  const place = new URL(name, import.meta.url);
  const code = brotliDecompressSync(readFileSync(place)).toString('latin1');
  const packed = { exports: {} };
  compileFunction(code, ['module', 'exports', 'require'], { filename: place.pathname })(
    packed,
    packed.exports,
    requireOfNode,
  );
  return packed.exports;
}
