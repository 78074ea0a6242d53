import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../../local/project-folder.js';

/** What a fresh process took of the processor, in milliseconds: to its first answer without Node's own start, and for an answer after it. */
export interface Processor {
  readonly first: number;
  readonly warm: number;
}

/** A fixed piece of work in fresh processes: what a function takes is told as a ratio to it, which other load and other machines change little. */
export interface ReferenceWork {
  run(): Promise<Processor>;
  remove(): void;
}

const functions = 6_000;

/**
 * About 1 MB of JavaScript, as much as the REST function reads at its start: functions that are compiled when they are
 * called, a tenth of them at once; then objects, JSON and regular expressions, as requests are made of.
 */
const source = (): string => {
  const parts = Array.from({ length: functions }, (_, n) => {
    const name = `f${String(n)}`;
    return [
      `export function ${name}(value, known = new Map([["${name}", ${String(n)}]])) {`,
      `  const found = { name: "${name}", value, at: known.get("${name}") ?? -1, more: [value, ${String(n % 97)}] };`,
      `  return value % ${String((n % 13) + 2)} === 0 ? { ...found, even: true } : found;`,
      '}',
    ].join('\n');
  });
  const called = Array.from({ length: functions / 10 }, (_, n) => `f${String(n * 10)}`);
  return `${parts.join('\n')}
const all = [${called.join()}];
const pattern = /"name":"(f\\d+)","value":(\\d+)/g;
export function work(times) {
  let seen = 0;
  for (let time = 0; time < times; time += 1) {
    const text = JSON.stringify(all.map((each, place) => each(place + time)));
    for (const [, name, value] of text.matchAll(pattern)) seen += name.length + Number(value);
    seen += JSON.parse(text).length;
  }
  return seen;
}
`;
};

/** Writes the reference's module to a folder of its own. */
export function referenceWork(): ReferenceWork {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-reference-'));
  const file = join(folder, 'reference.mjs');
  writeFileSync(file, source());
  const program = join(projectFolder(), 'bench/cold-start/reference-process.mjs');
  return {
    async run() {
      const { stdout } = await promisify(execFile)(process.execPath, [program, file]);
      return JSON.parse(stdout) as Processor;
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
