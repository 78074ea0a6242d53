// What `npm start` runs. Libraries read NODE_ENV when they are loaded: graphql checks less at each step in production.
import { setFlagsFromString } from 'node:v8';

process.env['NODE_ENV'] ??= 'production';
// Without it V8 lets garbage grow to four times what is in use before it collects all of it (docs/benchmarks.md).
setFlagsFromString('--heap-growing-percent=100');
await import('./main.js');
