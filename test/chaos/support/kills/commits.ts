import type { JsonRequest } from '../json-client.js';
import type { Chance } from '../seed.js';
import type { PlannedCommit, PlannedWrite } from './planned.js';
import type { Pool } from './pool.js';

const sizes = [1, 1, 1, 1, 2, 3, 5, 10, 20, 40, 60, 120, 250, 500];
const families = ['Smith', 'Müller', 'Ndiaye', 'O’Neil', 'Silva'];

interface Made {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly write: PlannedWrite;
}

function made(chance: Chance, mark: string, at: number, type: string, id: string | undefined, reference: string): Made {
  const label = `${mark}-${String(at)}`;
  const isTold = type === 'Patient' && chance.once(30);
  const resource = {
    resourceType: type,
    ...(id === undefined ? {} : { id }),
    identifier: [
      { system: 'urn:label', value: label },
      { system: 'urn:mark', value: mark },
    ],
    ...(type === 'Patient'
      ? {
          active: isTold,
          name: [{ family: chance.pick(families), given: [label] }],
          birthDate: `19${String(10 + chance.below(90))}-0${String(1 + chance.below(9))}-11`,
        }
      : {
          status: 'final',
          code: { coding: [{ system: 'http://loinc.org', code: String(chance.below(50)) }] },
          subject: { reference },
          effectiveDateTime: '2026-01-01T00:00:00Z',
          valueQuantity: { value: chance.below(300), code: 'mg', system: 'http://unitsofmeasure.org' },
        }),
  };
  return { resource, write: { type, ...(id === undefined ? {} : { id }), label, isTold } };
}

/** Criteria that no other commit has. */
const criteriaOf = (label: string): string => `identifier=urn:label|${label}`;

/** Plans a commit of one interaction, or of a transaction of up to 500 entries. */
export function planCommit(chance: Chance, base: string, mark: string, pool: Pool): PlannedCommit {
  const size = chance.pick(sizes);
  return size === 1 ? planOne(chance, base, mark, pool) : planTransaction(chance, base, mark, pool, size);
}

function planOne(chance: Chance, base: string, mark: string, pool: Pool): PlannedCommit {
  const { type, id, subject } = pool.place(chance.below(pool.size));
  const { resource, write } = made(chance, mark, 0, type, id, `Patient/${subject}`);
  const put: PlannedCommit = {
    mark,
    request: { method: 'PUT', path: `${base}/${type}/${id}`, body: resource },
    writes: [write],
  };
  switch (chance.below(4)) {
    case 0:
      if (!pool.isThere(type, id)) return put;
      return { mark, request: { method: 'DELETE', path: `${base}/${type}/${id}` }, writes: [{ type, id }] };
    case 1:
      if (!pool.isThere(type, id)) return put;
      return { mark, request: patchOf(`${base}/${type}/${id}`, mark), writes: [{ type, id, label: `${mark}-0` }] };
    case 2:
      return planCreate(chance, base, mark, criteriaOf(`${mark}-0`), subject);
    default:
      return put;
  }
}

/** A patch that marks a resource, and has nobody told of it. */
const patchOf = (path: string, mark: string): JsonRequest => ({
  method: 'PATCH',
  path,
  headers: { 'content-type': 'application/json-patch+json' },
  body: [
    { op: 'replace', path: '/identifier/0/value', value: `${mark}-0` },
    { op: 'replace', path: '/identifier/1/value', value: mark },
    ...(path.includes('/Patient/') ? [{ op: 'replace', path: '/active', value: false }] : []),
  ],
});

/** Plans a conditional create by criteria, which may have been asked for before. */
export function planCreate(
  chance: Chance,
  base: string,
  mark: string,
  criteria: string,
  subject: string,
): PlannedCommit {
  const { resource, write } = made(chance, mark, 0, 'Observation', undefined, `Patient/${subject}`);
  const known = criteria.split('|')[1] ?? '';
  const identifier = [...(resource['identifier'] as object[]), { system: 'urn:label', value: known }];
  return {
    mark,
    request: {
      method: 'POST',
      path: `${base}/Observation`,
      headers: { 'if-none-exist': criteria },
      body: { ...resource, identifier },
    },
    writes: [{ ...write, criteria }],
  };
}

/** A reference by what stands in a Patient that is there; undefined where there is none at that place. */
function conditionalReference(pool: Pool, at: number): string | undefined {
  const { type, id } = pool.place(at);
  const label = type === 'Patient' ? pool.label(type, id) : undefined;
  return label === undefined ? undefined : `Patient?${criteriaOf(label)}`;
}

function planTransaction(chance: Chance, base: string, mark: string, pool: Pool, size: number): PlannedCommit {
  const [first, stride] = [chance.below(pool.size), 1 + chance.below(pool.size - 1)];
  const writes: PlannedWrite[] = [];
  const byCriteria = conditionalReference(pool, (first + (size + chance.below(pool.size - size)) * stride) % pool.size);
  const entry = Array.from({ length: size }, (_, at) => {
    const { type, id, subject } = pool.place((first + at * stride) % pool.size);
    if (at > 0 && chance.once(10) && pool.isThere(type, id)) {
      writes.push({ type, id });
      return { request: { method: 'DELETE', url: `${type}/${id}` } };
    }
    const isCreate = at > 0 && chance.once(12);
    const reference = (chance.once(4) ? byCriteria : undefined) ?? `Patient/${subject}`;
    const { resource, write } = made(chance, mark, at, type, isCreate ? undefined : id, reference);
    if (!isCreate) {
      writes.push(write);
      return { resource, request: { method: 'PUT', url: `${type}/${id}` } };
    }
    const criteria = criteriaOf(write.label ?? '');
    writes.push({ ...write, criteria });
    return { resource, request: { method: 'POST', url: type, ifNoneExist: criteria } };
  });
  const body = { resourceType: 'Bundle', type: 'transaction', entry };
  return { mark, request: { method: 'POST', path: base, body }, writes };
}
