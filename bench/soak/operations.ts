import type { Pool } from 'undici';
import { patientWithObservations } from '../loads.js';
import { families, generateBundle, generatePatient, laboratoryCodes } from '../patients.js';
import { pick } from '../random.js';
import type { Known, Population } from './population.js';

/** What the operations of a soak work with. */
export interface Soaked {
  readonly pool: Pool;
  readonly headers: Readonly<Record<string, string>>;
  /** The path of the FHIR base, such as `/r4`. */
  readonly root: string;
  readonly population: Population;
  readonly random: () => number;
  /** Is told of each version of a Patient whose write was answered. */
  readonly onWritten: (id: string, versionId: number) => void;
}

/** One of the things that are done again and again. @throws Error for an answer that is wrong. */
type Operation = (soaked: Soaked) => Promise<void>;

interface Answered {
  readonly status: number;
  readonly text: string;
}

async function ask(
  { pool, headers, root }: Soaked,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
): Promise<Answered> {
  const reply = await pool.request({
    method,
    path: `${root}${path}`,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: reply.statusCode, text: await reply.body.text() };
}

function require(what: string, { status, text }: Answered, wanted: number): unknown {
  if (status !== wanted) throw new Error(`${what}: ${String(status)} ${text.slice(0, 300)}`);
  return JSON.parse(text) as unknown;
}

interface Versioned {
  readonly id: string;
  readonly meta: { readonly versionId: string };
}
interface BundleRead {
  readonly entry?: readonly { readonly resource?: Versioned; readonly response?: { readonly location?: string } }[];
}

/** Does something to a patient that nobody else writes meanwhile. */
async function withAny(soaked: Soaked, work: (known: Known) => Promise<void>): Promise<void> {
  const known = soaked.population.any(soaked.random);
  if (known === undefined) return;
  known.busy = true;
  try {
    await work(known);
  } finally {
    known.busy = false;
  }
}

let serial = 0;

const transaction: Operation = async (soaked) => {
  serial += 1;
  const answered = await ask(soaked, 'POST', '/', generateBundle(serial, 10));
  const { entry = [] } = require('transaction', answered, 200) as BundleRead;
  const keys = entry.map(({ response }) => (response?.location ?? '').split('/_history/')[0] ?? '');
  const [, id = ''] = /Patient\/(.*)$/.exec(keys[0] ?? '') ?? [];
  const others = keys.slice(1).map((key) => key.split('/').slice(-2).join('/'));
  soaked.onWritten(id, 1);
  soaked.population.add({ id, versionId: 1, others, busy: false });
};

/** The oldest patient goes, with all that refers to it. */
const retire: Operation = async (soaked) => {
  const known = soaked.population.isFull ? soaked.population.takeOldest() : undefined;
  if (known === undefined) return;
  const entry = [...known.others, `Patient/${known.id}`].map((url) => ({ request: { method: 'DELETE', url } }));
  require('deletion', await ask(soaked, 'POST', '/', { resourceType: 'Bundle', type: 'transaction', entry }), 200);
  soaked.onWritten(known.id, known.versionId + 1);
  require('read of what was deleted', await ask(soaked, 'GET', `/Patient/${known.id}`), 410);
};

const create: Operation = async (soaked) => {
  serial += 1;
  const answered = await ask(soaked, 'POST', '/Patient', generatePatient(soaked.random, serial));
  const { id } = require('create', answered, 201) as Versioned;
  soaked.onWritten(id, 1);
  soaked.population.add({ id, versionId: 1, others: [], busy: false });
};

const observe: Operation = (soaked) =>
  withAny(soaked, async ({ id, others }) => {
    const code = pick(soaked.random, laboratoryCodes);
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code }] },
      subject: { reference: `Patient/${id}` },
      effectiveDateTime: new Date().toISOString(),
      valueQuantity: { value: soaked.random(), unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' },
    };
    const made = require('create', await ask(soaked, 'POST', '/Observation', observation), 201) as Versioned;
    others.push(`Observation/${made.id}`);
  });

const update: Operation = (soaked) =>
  withAny(soaked, async (known) => {
    const resource = { ...generatePatient(soaked.random, serial), id: known.id };
    const { meta } = require('update', await ask(soaked, 'PUT', `/Patient/${known.id}`, resource), 200) as Versioned;
    if (Number(meta.versionId) !== known.versionId + 1) {
      throw new Error(`update: version ${meta.versionId} follows ${String(known.versionId)}`);
    }
    known.versionId += 1;
    soaked.onWritten(known.id, known.versionId);
  });

const read: Operation = (soaked) =>
  withAny(soaked, async ({ id, versionId }) => {
    const found = require('read', await ask(soaked, 'GET', `/Patient/${id}`), 200) as Versioned;
    if (found.meta.versionId !== String(versionId)) {
      throw new Error(`read: version ${found.meta.versionId} instead of ${String(versionId)}`);
    }
  });

const history: Operation = (soaked) =>
  withAny(soaked, async ({ id, versionId }) => {
    const answered = await ask(soaked, 'GET', `/Patient/${id}/_history?_count=50`);
    const { entry = [] } = require('history', answered, 200) as BundleRead;
    const numbers = entry.map(({ resource }) => Number(resource?.meta.versionId));
    if (numbers.some((number, place) => number !== versionId - place)) {
      throw new Error(`history: the versions ${numbers.join()} of ${String(versionId)}`);
    }
    require('vread', await ask(soaked, 'GET', `/Patient/${id}/_history/1`), 200);
  });

const searched =
  (what: string, path: (soaked: Soaked, id: string) => string): Operation =>
  (soaked) =>
    withAny(soaked, async ({ id }) => {
      require(what, await ask(soaked, 'GET', path(soaked, id)), 200);
    });

const graphql =
  (path: string): Operation =>
  (soaked) =>
    withAny(soaked, async ({ id }) => {
      const body = { query: patientWithObservations, variables: { id } };
      const json = { ...soaked.headers, 'content-type': 'application/json', accept: 'application/json' };
      const answered = await ask({ ...soaked, headers: json }, 'POST', path, body);
      const { data, errors } = require('GraphQL', answered, 200) as {
        readonly data?: { readonly Patient?: { readonly id: string } };
        readonly errors?: unknown;
      };
      if (errors !== undefined || data?.Patient?.id !== id) throw new Error(`GraphQL: ${JSON.stringify(errors)}`);
    });

/** What a soak does, and how often of a hundred times. */
export const operations: readonly (readonly [name: string, weight: number, operation: Operation])[] = [
  ['read', 24, read],
  ['history and vread', 6, history],
  ['create Patient', 4, create],
  ['create Observation', 12, observe],
  ['update', 10, update],
  ['transaction of 10', 6, transaction],
  ['deletion of a patient with all', 10, retire],
  ['search by family', 8, searched('search', ({ random }) => `/Patient?family=${pick(random, families)}&_count=20`)],
  [
    'search of observations',
    6,
    searched(
      'search',
      ({ random }, id) =>
        `/Observation?subject=Patient/${id}&code=http://loinc.org|${pick(random, laboratoryCodes)}&_sort=-date`,
    ),
  ],
  ['_revinclude', 3, searched('search', (_, id) => `/Patient?_id=${id}&_revinclude=Observation:subject`)],
  ['$everything', 1, searched('$everything', (_, id) => `/Patient/${id}/$everything?_count=50`)],
  ['GraphQL', 6, graphql('/graphql')],
  ['$graphql', 4, graphql('/$graphql')],
];
