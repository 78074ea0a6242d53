import { idIn, type JsonAnswer, type JsonClient, type JsonRequest } from '../json-client.js';
import type { Chance } from '../seed.js';
import { answeredVersion, type Bundle, labelOf, numberOf, type Patient, requireOneOf, versionsIn } from './answers.js';
import type { Timed } from './linearizable.js';
import { deleted, type Operation, type ResourceWrite, type SlotWrite } from './model.js';

/** What a history of a type told: its versions as `id version`, and up to when it is complete. */
export interface ToldHistory {
  readonly until: string;
  readonly versions: readonly string[];
}

/** What a client of a round does it with, and where it puts what it did. */
export interface RoundClient {
  readonly name: string;
  readonly http: JsonClient;
  readonly chance: Chance;
  /** Of the FHIR version: `/r4`. */
  readonly base: string;
  /** What the resources and slots of the round are called by. */
  readonly ids: readonly string[];
  readonly slots: readonly string[];
  /** Whether a search answers as the store is at that moment. */
  readonly isStrict: boolean;
  readonly record: (operation: Timed<Operation>) => void;
  readonly recordHistory: (told: ToldHistory) => void;
}

const identifier = (label: string, slot?: string): object[] => [
  { system: 'urn:label', value: label },
  ...(slot === undefined ? [] : [{ system: 'urn:slot', value: slot }]),
];
const criteriaOf = (slot: string): string => `identifier=urn:slot%7C${slot}`;

/** What a client does in a round, one thing after the other. */
export function roundClient(client: RoundClient) {
  const { http, chance, base, ids, slots, record, isStrict } = client;
  /** The version and label it knows last of each resource. */
  const known = new Map<string, { readonly versionId: number; readonly label: string }>();
  /** Which resource it saw last in each slot. */
  const knownSlots = new Map<string, string>();
  let count = 0;
  const newLabel = (): string => `${client.name}.${String((count += 1))}`;

  interface Asked {
    readonly answer: JsonAnswer | undefined;
    readonly began: number;
    readonly ended: number;
  }
  async function ask(request: JsonRequest): Promise<Asked> {
    const began = performance.now();
    try {
      const answer = await http.ask({ ...request, path: `${base}${request.path}` });
      // An engine on a busy machine: what became of the request is not known.
      if (answer.status === 503) return { answer: undefined, began, ended: Infinity };
      return { answer, began, ended: performance.now() };
    } catch {
      return { answer: undefined, began, ended: Infinity };
    }
  }

  function know(id: string, versionId: number | undefined, label: string | undefined): void {
    if (versionId !== undefined && label !== undefined) known.set(id, { versionId, label });
  }

  /** What an answer to a read says of a resource. */
  function readOf(id: string, status: number, tag: unknown, body: Patient | undefined): Operation {
    const [versionId, label] =
      status === 200 ? [Number(body?.meta.versionId), labelOf(body)] : status === 410 ? [numberOf(tag), deleted] : [0];
    know(id, versionId, label);
    return { kind: 'read', id, label, ...(versionId === undefined ? {} : { versionId }) };
  }

  async function read(id: string): Promise<void> {
    const { answer, began, ended } = await ask({ method: 'GET', path: `/Patient/${id}` });
    if (answer === undefined) return;
    const operation = readOf(id, requireOneOf(answer, [200, 404, 410]), answer.headers['etag'], answer.json as Patient);
    record({ operation, began, ended });
  }

  async function vread(id: string): Promise<void> {
    const versionId = (known.get(id)?.versionId ?? 0) + chance.pick([0, 0, 1, -1]);
    if (versionId < 1) return;
    const { answer, began, ended } = await ask({ method: 'GET', path: `/Patient/${id}/_history/${String(versionId)}` });
    if (answer === undefined) return;
    const status = requireOneOf(answer, [200, 404, 410]);
    const label = status === 200 ? labelOf(answer.json as Patient) : status === 410 ? deleted : undefined;
    record({ operation: { kind: 'vread', id, versionId, label }, began, ended });
  }

  /** Reads the resources by one bundle. */
  async function readTogether(): Promise<void> {
    const type = chance.pick(['batch', 'batch', 'transaction']);
    const entry = ids.map((id) => ({ request: { method: 'GET', url: `Patient/${id}` } }));
    const { answer, began, ended } = await ask({
      method: 'POST',
      path: '',
      body: { resourceType: 'Bundle', type, entry },
    });
    if (answer === undefined || requireOneOf(answer, type === 'batch' ? [200] : [200, 404, 410]) !== 200) return;
    for (const [at, { response, resource }] of ((answer.json as Bundle).entry ?? []).entries()) {
      const status = Number(response?.status.slice(0, 3));
      record({ operation: readOf(ids[at] ?? '', status, response?.etag, resource), began, ended });
    }
  }

  async function history(id: string): Promise<void> {
    const { answer, began, ended } = await ask({ method: 'GET', path: `/Patient/${id}/_history?_count=1000` });
    if (answer === undefined) return;
    const entries = requireOneOf(answer, [200, 404]) === 404 ? [] : ((answer.json as Bundle).entry ?? []);
    const labels = entries
      .map(({ resource }) => (resource === undefined ? deleted : (labelOf(resource) ?? '')))
      .reverse();
    record({ operation: { kind: 'history', id, labels }, began, ended });
  }

  async function historyOfType(since: string): Promise<void> {
    const { answer } = await ask({ method: 'GET', path: `/Patient/_history?_count=1000&_since=${since}` });
    if (answer === undefined) return;
    requireOneOf(answer, [200]);
    const bundle = answer.json as Bundle;
    const versions = versionsIn(bundle).map(([version]) => version);
    client.recordHistory({ until: bundle.meta?.lastUpdated ?? '', versions });
  }

  async function search(id: string): Promise<void> {
    const wanted = known.get(id);
    if (wanted === undefined || wanted.label === deleted) return;
    const path = `/Patient?_id=${id}&identifier=urn:label%7C${wanted.label}`;
    const { answer, began, ended } = await ask({ method: 'GET', path });
    if (answer === undefined) return;
    requireOneOf(answer, [200]);
    const found = (answer.json as Bundle).entry?.[0]?.resource;
    const operation: Operation =
      found === undefined
        ? { kind: 'not found', id, label: wanted.label, isStrict }
        : { kind: 'read', id, versionId: Number(found.meta.versionId), label: labelOf(found) };
    record({ operation, began, ended });
  }

  /** Records a write by its answer. @param answered fills in what was answered, when it was done. */
  function recordWrite(
    { answer, began, ended }: Asked,
    about: string,
    plan: {
      readonly writes?: readonly ResourceWrite[];
      readonly slots?: readonly SlotWrite[];
      /** Whether it can also be refused for what other criteria than If-Match find. */
      readonly hasCriteria?: boolean;
    },
    answered: (answer: JsonAnswer) => Partial<Extract<Operation, { kind: 'write' }>>,
  ): void {
    const { writes = [], slots: slotWrites = [] } = plan;
    const status = answer === undefined ? 0 : requireOneOf(answer, [200, 201, 204, 404, 409, 410, 412]);
    const isStale = status === 412 || (status === 409 && base === '/stu3');
    const isConditional = writes.some(({ ifMatch }) => ifMatch !== undefined) && plan.hasCriteria !== true;
    const lostRaces = /kept getting in between/.test(answer?.text ?? '');
    const outcome =
      answer === undefined
        ? 'unknown'
        : status < 300
          ? 'done'
          : [404, 410].includes(status)
            ? 'absent'
            : isStale && isConditional && !lostRaces
              ? 'stale'
              : 'refused';
    const told = `${about} ${String(status)}`;
    const planned = { kind: 'write' as const, outcome, writes, slots: slotWrites, references: [], told } as const;
    const operation: Operation =
      answer === undefined || outcome !== 'done' ? planned : { ...planned, ...answered(answer) };
    for (const { id, versionId, label } of operation.writes) if (outcome === 'done') know(id, versionId, label);
    for (const { slot, id } of operation.slots) if (id !== undefined) knownSlots.set(slot, id);
    record({ operation, began, ended });
  }

  async function put(id: string): Promise<void> {
    const write = conditional({ id, kind: 'put', label: newLabel() });
    const seen: Readonly<Record<string, string>> = isStrict || !chance.once(5) ? {} : { 'x-consistency': 'strong' };
    const request = {
      method: 'PUT',
      path: `/Patient/${id}`,
      body: { resourceType: 'Patient', id, identifier: identifier(write.label) },
      headers: { ...ifMatchOf(write).headers, ...seen },
    };
    recordWrite(await ask(request), 'put', { writes: [write] }, ({ status, headers }) => ({
      writes: [
        {
          ...write,
          ...answeredVersion(headers['etag']),
          isCreated: status === 201,
          isSeen: headers['x-consistency'] === 'strong',
        },
      ],
    }));
  }

  async function patch(id: string): Promise<void> {
    const write = conditional({ id, kind: 'patch', label: newLabel() });
    const request = {
      method: 'PATCH',
      path: `/Patient/${id}`,
      body: [{ op: 'replace', path: '/identifier/0/value', value: write.label }],
      headers: { ...ifMatchOf(write).headers, 'content-type': 'application/json-patch+json' },
    };
    recordWrite(await ask(request), 'patch', { writes: [write] }, ({ headers }) => ({
      writes: [{ ...write, ...answeredVersion(headers['etag']) }],
    }));
  }

  async function remove(id: string): Promise<void> {
    const write = conditional({ id, kind: 'delete', label: deleted });
    const request = { method: 'DELETE', path: `/Patient/${id}`, ...ifMatchOf(write) };
    recordWrite(await ask(request), 'delete', { writes: [write] }, ({ headers }) => ({
      writes: [{ ...write, ...answeredVersion(headers['etag']) }],
    }));
  }

  /** A write that has an If-Match now and then, of the version it knows. */
  function conditional(write: ResourceWrite): ResourceWrite {
    const version = known.get(write.id)?.versionId;
    return version === undefined || version === 0 || chance.once(3) ? write : { ...write, ifMatch: version };
  }

  async function fillSlot(slot: string, kind: SlotWrite['kind']): Promise<void> {
    const label = newLabel();
    const body = { resourceType: 'Patient', identifier: identifier(label, slot) };
    const request =
      kind === 'create'
        ? { method: 'POST', path: '/Patient', headers: { 'if-none-exist': criteriaOf(slot) }, body }
        : { method: 'PUT', path: `/Patient?${criteriaOf(slot)}`, body };
    recordWrite(
      await ask(request),
      `conditional ${kind}`,
      { slots: [{ slot, label, kind }] },
      ({ status, headers }) => {
        const id = idIn(headers['location']) ?? '';
        return { slots: [{ slot, label, kind, id, isCreated: status === 201 }] };
      },
    );
  }

  async function emptySlot(slot: string): Promise<void> {
    const id = knownSlots.get(slot);
    if (id !== undefined) await remove(id);
  }

  /** A transaction over several resources, which may also create by criteria, refer by criteria, or be a large one. */
  async function transaction(): Promise<void> {
    const writes: ResourceWrite[] = [];
    const entry: object[] = [];
    for (const id of ids.filter(() => !chance.once(3))) {
      const isDeletion = chance.once(6);
      const write = conditional({ id, kind: isDeletion ? 'delete' : 'put', label: isDeletion ? deleted : newLabel() });
      const match = write.ifMatch === undefined ? {} : { ifMatch: `W/"${String(write.ifMatch)}"` };
      writes.push(write);
      entry.push(
        isDeletion
          ? { request: { method: 'DELETE', url: `Patient/${id}`, ...match } }
          : {
              resource: { resourceType: 'Patient', id, identifier: identifier(write.label) },
              request: { method: 'PUT', url: `Patient/${id}`, ...match },
            },
      );
    }
    const slot = chance.pick(slots);
    const more = chance.below(3);
    const slotWrite: SlotWrite = { slot, label: newLabel(), kind: 'create' };
    if (more === 1) {
      entry.push({
        resource: { resourceType: 'Patient', identifier: identifier(slotWrite.label, slot) },
        request: { method: 'POST', url: 'Patient', ifNoneExist: criteriaOf(slot) },
      });
    } else if (more === 2) {
      const subject = { reference: `Patient?${criteriaOf(slot)}` };
      entry.push({
        resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject },
        request: { method: 'POST', url: 'Observation' },
      });
    }
    const at = entry.length - 1;
    const filler = {
      resource: { resourceType: 'Basic', code: { text: 'x' } },
      request: { method: 'POST', url: 'Basic' },
    };
    if (chance.once(8)) entry.push(...Array.from({ length: 101 }, () => filler)); // in steps on DynamoDB
    if (entry.length === 0) return;
    const body = { resourceType: 'Bundle', type: 'transaction', entry };
    const request = { method: 'POST', path: '', headers: { prefer: 'return=representation' }, body };
    const plan = { writes, slots: more === 1 ? [slotWrite] : [], hasCriteria: more > 0 };
    recordWrite(await ask(request), `transaction of ${String(entry.length)}`, plan, ({ json }) => {
      const entries = (json as Bundle).entry ?? [];
      const last = entries[at];
      return {
        writes: writes.map((write, place) => ({ ...write, ...answeredVersion(entries[place]?.response?.etag) })),
        slots: plan.slots.map((each) => ({
          ...each,
          id: last?.resource?.id ?? '',
          isCreated: last?.response?.status.startsWith('201') === true,
        })),
        references: more === 2 ? [{ slot, id: last?.resource?.subject?.reference.split('/')[1] ?? '' }] : [],
      };
    });
  }

  return {
    history,
    fillSlot,
    /** Does one thing. @param since when the round began, for histories. */
    async step(since: string): Promise<void> {
      const [id, slot] = [chance.pick(ids), chance.pick(slots)];
      const all = [
        ...Array<() => Promise<void>>(5).fill(() => read(id)),
        ...Array<() => Promise<void>>(4).fill(() => put(id)),
        ...Array<() => Promise<void>>(3).fill(() => transaction()),
        () => vread(id),
        () => readTogether(),
        () => history(id),
        () => historyOfType(since),
        () => search(id),
        () => search(id),
        () => patch(id),
        () => patch(id),
        () => remove(id),
        () => fillSlot(slot, 'create'),
        () => fillSlot(slot, 'create'),
        () => fillSlot(slot, 'update'),
        () => emptySlot(slot),
        () => emptySlot(slot),
      ];
      await chance.pick(all)();
    },
  };
}

const ifMatchOf = ({ ifMatch }: ResourceWrite): { readonly headers: Readonly<Record<string, string>> } => ({
  headers: ifMatch === undefined ? {} : { 'if-match': `W/"${String(ifMatch)}"` },
});
