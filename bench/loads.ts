import type { Pool } from 'undici';
import { type Answer, type Call, type Figures, measure, percentile, send } from './measure.js';
import { families, generateBundle, generatePatient, laboratoryCodes } from './patients.js';
import { randomFrom } from './random.js';

/** What the loads run against. */
export interface Target {
  readonly pool: Pool;
  readonly headers: Record<string, string>;
  /** The path of the FHIR base, such as `/r4`; empty when the server is the base. */
  readonly root: string;
  /** FHIR's operation, which other servers have too; undefined for a server without GraphQL. */
  readonly graphqlPath: string | undefined;
  /** What the body of its GraphQL requests is, for a server that wants arguments otherwise than this one. */
  readonly graphqlBody?: (patient: string) => object;
  /** The AppSync API, which is this project's own. */
  readonly appSyncPath: string | undefined;
  readonly seconds: number;
  readonly concurrency: number;
}

/** What the transactions left for the other loads to ask for. */
export interface Loaded {
  readonly entriesPerSecond: number;
  readonly p50: number;
  readonly patients: readonly string[];
  readonly failed: number;
  readonly firstFailure?: string;
}

/** An item of a list that begins again at its end. @throws Error when it is empty. */
export const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index % list.length];
  if (item === undefined) throw new Error('The transactions left nothing to ask for');
  return item;
};

/** The id of the first patient that the answer to a transaction names. */
export const patientOf = (answer: Answer): string | undefined =>
  /Patient\/([^/"]+)/.exec(`${answer.location ?? ''} ${answer.text.slice(0, 2000)}`)?.[1];

/** Transactions of 200 entries, two at a time; the first two do not count. */
export async function loadTransactions(target: Target, bundles: number, entries: number): Promise<Loaded> {
  const bodies = Array.from({ length: bundles }, (_, k) => JSON.stringify(generateBundle(1000 + k, entries)));
  const patients: string[] = [];
  const latencies: number[] = [];
  let failed = 0;
  let firstFailure: string | undefined;
  const post = async (body: string): Promise<void> => {
    const begun = performance.now();
    const answer = await send(target.pool, target.headers, { method: 'POST', path: target.root || '/', body });
    latencies.push(performance.now() - begun);
    const patient = patientOf(answer);
    if (answer.status < 300 && patient !== undefined) patients.push(patient);
    else {
      failed += 1;
      firstFailure ??= `${String(answer.status)} ${answer.text.slice(0, 300)}`;
    }
  };
  for (const body of bodies.slice(0, 2)) await post(body);
  latencies.length = 0;
  const rest = bodies.slice(2);
  const begun = performance.now();
  const worker = async (): Promise<void> => {
    for (let body = rest.shift(); body !== undefined; body = rest.shift()) await post(body);
  };
  const counted = rest.length * entries;
  await Promise.all([worker(), worker()]);
  const seconds = (performance.now() - begun) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    entriesPerSecond: Math.round(counted / seconds),
    p50: percentile(latencies, 0.5),
    patients,
    failed,
    ...(firstFailure === undefined ? {} : { firstFailure }),
  };
}

/** The GraphQL query of the load: a patient with twenty observations. */
export const patientWithObservations = `query PatientWithObservations($id: ID!) { Patient(id: $id) { id name { family given } birthDate ObservationList(_reference: subject, _count: 20) { id status code { text } effectiveDateTime valueQuantity { value unit } } } }`;

/** The same for servers to which each argument of a list is a string, and the id a literal. */
export const withStringArguments = (patient: string): object => ({
  query: `{ Patient(id: "${patient}") { id name { family given } birthDate ObservationList(_reference: "subject", _count: "20") { id status code { text } effectiveDateTime valueQuantity { value unit } } } }`,
});

const withVariables = (id: string): object => ({ query: patientWithObservations, variables: { id } });

/**
 * Creates, reads, two searches and, where the target has it, GraphQL, one after the other.
 * @param patients ids of patients to ask for.
 */
export async function* runLoads(target: Target, patients: readonly string[]): AsyncGenerator<Figures, undefined> {
  const random = randomFrom(38);
  const bodies = Array.from({ length: 4000 }, (_, k) => JSON.stringify(generatePatient(random, k)));
  const step = (worker: number, i: number): number => i * target.concurrency + worker;
  const get = (path: string): Call => ({ method: 'GET', path: `${target.root}/${path}` });
  let created = 0;
  const loads: readonly [string, (worker: number, i: number) => Call][] = [
    ['create Patient', () => ({ method: 'POST', path: `${target.root}/Patient`, body: at(bodies, created++) })],
    ['read Patient', (worker, i) => get(`Patient/${at(patients, step(worker, i))}`)],
    ['Patient?family&_count=20', (worker, i) => get(`Patient?family=${at(families, step(worker, i))}&_count=20`)],
    [
      'Observation?subject&code&date&_sort',
      (worker, i) => {
        const code = encodeURIComponent(`http://loinc.org|${at(laboratoryCodes, i + worker)}`);
        const subject = at(patients, step(worker, i));
        return get(`Observation?subject=Patient/${subject}&code=${code}&date=ge2012-01-01&_sort=-date`);
      },
    ],
  ];
  for (const [name, next] of loads) yield await measure(name, target, next);
  const json = { ...target.headers, 'content-type': 'application/json', accept: 'application/json' };
  for (const [name, path, bodyOf] of [
    ['GraphQL Patient + 20 Observations', target.graphqlPath, target.graphqlBody ?? withVariables],
    ['the same by the AppSync API', target.appSyncPath, withVariables],
  ] as const) {
    if (path === undefined) continue;
    yield await measure(name, { ...target, headers: json }, (worker, i) => ({
      method: 'POST',
      path,
      body: JSON.stringify(bodyOf(at(patients, step(worker, i)))),
    }));
  }
}
