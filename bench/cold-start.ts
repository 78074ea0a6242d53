// npm run bench:cold-start -- [--times 7] [--check]: the REST function of each FHIR version in fresh processes, engines stubbed; with --check
// what it takes of the processor and of memory is held against bench/lambda-budget.json.
import { parseArgs } from 'node:util';
import { fhirVersions } from '../fhir/version.js';
import { overBudget, readBudget, timesReference } from './cold-start/budget.js';
import { bundleNames, bundleSize } from './cold-start/bundle-size.js';
import { type Engines, startStubs } from './cold-start/engines.js';
import { type AskedFor, type BundledFunction, type FunctionRun, restFunction } from './cold-start/function.js';
import { type Processor, referenceWork } from './cold-start/reference.js';

const { values } = parseArgs({
  options: { times: { type: 'string' }, check: { type: 'boolean', default: false } },
});
const times = Number(values.times ?? (values.check ? 4 : 7));
/** So often what is over its budget is measured again: a machine that was busy all the while says nothing of a function. */
const moreRounds = 3;

/** A request that is measured, and what came of it. */
interface Measured {
  readonly name: string;
  readonly function: BundledFunction;
  readonly asked: AskedFor;
  readonly runs: FunctionRun[];
}

const answers = 11;

/** Again where a function failed: on a very busy machine even stubs do not answer within the function's time for its engines. */
async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}

/** @param measured takes each of them, so that a function is removed though the next cannot be measured. */
async function addLoads(measured: Measured[], engines: Engines): Promise<void> {
  for (const version of fhirVersions) {
    const rest = restFunction(version, engines);
    const patient = { resourceType: 'Patient', name: [{ family: 'Kühn', given: ['Anna'] }], birthDate: '1970-01-01' };
    const created = await patiently(() => rest.run([{ method: 'POST', path: `/${version}/Patient`, body: patient }]));
    const { id } = JSON.parse(created.answers[0]?.body ?? '') as { readonly id: string };
    const loads: Readonly<Record<string, AskedFor>> = {
      metadata: { path: `/${version}/metadata` },
      read: { path: `/${version}/Patient/${id}` },
      create: { method: 'POST', path: `/${version}/Patient`, body: patient },
      search: { path: `/${version}/Patient`, query: { family: 'Kühn' } },
    };
    for (const [name, asked] of Object.entries(loads))
      measured.push({ name: `${version} ${name}`, function: rest, asked, runs: [] });
  }
}

async function run({ name, function: bundled, asked, runs }: Measured): Promise<void> {
  const done = await bundled.run(Array<AskedFor>(answers).fill(asked));
  const bad = done.answers.find(({ status }) => status >= 300);
  if (bad !== undefined) throw new Error(`${name} is answered ${String(bad.status)}: ${bad.body}`);
  runs.push(done);
}

const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? NaN;

function figures(runs: readonly FunctionRun[]): string {
  const first = median(runs.map(({ init, answers: all }) => init + (all[0]?.milliseconds ?? NaN)));
  return [
    `init ${median(runs.map(({ init }) => init)).toFixed(0)} ms`,
    `init + first answer ${first.toFixed(0)} ms`,
    `warm answer ${median(runs.map(({ answers: all }) => all.at(-1)?.milliseconds ?? NaN)).toFixed(1)} ms`,
    `${String(median(runs.map(({ answers: all }) => all[0]?.memory ?? NaN)))} MiB after the first`,
    `${String(median(runs.map(({ answers: all }) => all.at(-1)?.memory ?? NaN)))} MiB after all`,
    `Node itself ${median(runs.map(({ node }) => node)).toFixed(0)} ms before`,
  ].join(' · ');
}

for (const name of bundleNames()) {
  const { total, start } = bundleSize(name);
  console.log(`${name}: ${total.toLocaleString('en')} bytes, ${start.toLocaleString('en')} of them read at each start`);
}
const engines = await startStubs();
const reference = referenceWork();
const measured: Measured[] = [];
try {
  await addLoads(measured, engines);
  const references: Processor[] = [];
  // In turn, so that what else the machine does meets all of them.
  const round = async (some: readonly Measured[]): Promise<void> => {
    references.push(await reference.run());
    for (const each of some) await patiently(() => run(each));
  };
  for (let done = 0; done < times; done += 1) await round(measured);
  const budget = readBudget().times;
  const isOver = ({ name, runs }: Measured): boolean =>
    overBudget(name, timesReference(runs, references), budget).length > 0;
  for (let more = 0; values.check && more < moreRounds && measured.some(isOver); more += 1)
    await round(measured.filter(isOver));
  for (const { name, runs } of measured) {
    const { first, warm, memory } = timesReference(runs, references);
    console.log(`${name}: ${figures(runs)}`);
    console.log(
      `  processor, times the reference: ${String(first)} to the first answer, ${String(warm)} for a warm one; at most ${String(memory)} MiB`,
    );
  }
  if (values.check) {
    const over = measured.flatMap(({ name, runs }) => overBudget(name, timesReference(runs, references), budget));
    for (const sentence of over) console.error(sentence);
    console.log(over.length === 0 ? 'All within bench/lambda-budget.json' : 'Over bench/lambda-budget.json');
    process.exitCode = over.length === 0 ? 0 : 1;
  }
} finally {
  for (const rest of new Set(measured.map((each) => each.function))) rest.remove();
  reference.remove();
  await engines.close();
}
