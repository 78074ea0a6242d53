// npm run bench:cold-start -- [--times 7]: the REST function of each FHIR version in fresh processes, engines stubbed.
import { parseArgs } from 'node:util';
import { fhirVersions } from '../fhir/version.js';
import { bundleNames, bundleSize } from './cold-start/bundle-size.js';
import { startStubs } from './cold-start/engines.js';
import { type AskedFor, type FunctionRun, restFunction } from './cold-start/function.js';

const { values } = parseArgs({ options: { times: { type: 'string', default: '7' } } });
const times = Number(values.times);

for (const name of bundleNames()) {
  const { total, start } = bundleSize(name);
  console.log(`${name}: ${total.toLocaleString('en')} bytes, ${start.toLocaleString('en')} of them read at each start`);
}

const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? NaN;

function figures(runs: readonly FunctionRun[]): string {
  const first = median(runs.map(({ init, answers }) => init + (answers[0]?.milliseconds ?? NaN)));
  return [
    `init ${median(runs.map(({ init }) => init)).toFixed(0)} ms`,
    `init + first answer ${first.toFixed(0)} ms`,
    `warm answer ${median(runs.map(({ answers }) => answers.at(-1)?.milliseconds ?? NaN)).toFixed(1)} ms`,
    `${String(median(runs.map(({ answers }) => answers[0]?.memory ?? NaN)))} MiB after the first`,
    `${String(median(runs.map(({ answers }) => answers.at(-1)?.memory ?? NaN)))} MiB after all`,
    `Node itself ${median(runs.map(({ node }) => node)).toFixed(0)} ms before`,
  ].join(' · ');
}

const engines = await startStubs();
for (const version of fhirVersions) {
  const rest = restFunction(version, engines);
  try {
    const patient = { resourceType: 'Patient', name: [{ family: 'Kühn', given: ['Anna'] }], birthDate: '1970-01-01' };
    const created = await rest.run([{ method: 'POST', path: `/${version}/Patient`, body: patient }]);
    const { id } = JSON.parse(created.answers[0]?.body ?? '') as { readonly id: string };
    const loads: Readonly<Record<string, AskedFor>> = {
      metadata: { path: `/${version}/metadata` },
      read: { path: `/${version}/Patient/${id}` },
      create: { method: 'POST', path: `/${version}/Patient`, body: patient },
      search: { path: `/${version}/Patient`, query: { family: 'Kühn' } },
    };
    for (const [name, asked] of Object.entries(loads)) {
      const runs: FunctionRun[] = [];
      for (let done = 0; done < times; done += 1) {
        const run = await rest.run(Array<AskedFor>(11).fill(asked));
        const bad = run.answers.find(({ status }) => status >= 300);
        if (bad !== undefined) throw new Error(`${name} is answered ${String(bad.status)}: ${bad.body}`);
        runs.push(run);
      }
      console.log(`${version} ${name}: ${figures(runs)}`);
    }
  } finally {
    rest.remove();
  }
}
await engines.close();
