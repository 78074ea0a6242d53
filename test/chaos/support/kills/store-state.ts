import { isDeepStrictEqual } from 'node:util';
import { parseJson } from '../../../../fhir/json.js';
import type { EmbeddedServer } from '../../../../local/compose.js';
import { currentKey } from '../../../../persistence/keys.js';
import type { Item, ItemKey } from '../../../../persistence/table.js';
import { type DriftPart, driftNow } from '../drift-of.js';
import { deleted } from './planned.js';

/** A version as it is in the store. */
export interface StoredLabel {
  readonly versionId: number;
  readonly label: string;
  readonly lastUpdated: string;
}

/** What is in a store of the resources that clients write. */
export interface StoreState {
  /** By resource (`Patient/1`) its versions, the oldest first. */
  readonly versions: ReadonlyMap<string, readonly StoredLabel[]>;
  /** The labels of all versions. */
  readonly labels: ReadonlySet<string>;
  /** The ids that the server chose and others, by the labels of first versions. */
  readonly idOf: ReadonlyMap<string, string>;
  /** What must not be in a store that nobody has open. */
  readonly wrong: readonly string[];
}

async function* itemsOf({ table }: Pick<EmbeddedServer, 'table'>): AsyncGenerator<Item> {
  let after: ItemKey | undefined;
  do {
    const next = after === undefined ? {} : { after };
    const page = await table.scan({ segment: 0, segments: 1, limit: 1_000, ...next });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}

/** What stands in a version; and what it refers to, which criteria stood for perhaps. */
function labelOf({ deleted: isDeleted, body }: Item): { readonly label: string; readonly subject?: string } {
  if (isDeleted === true || typeof body !== 'string') return { label: deleted };
  const { identifier, subject } = parseJson(body) as {
    identifier?: { value: string }[];
    subject?: { reference: string };
  };
  return { label: identifier?.[0]?.value ?? '', ...(subject === undefined ? {} : { subject: subject.reference }) };
}

/** Reads a store, item by item, and tells what must not be in it when nothing is under way. */
export async function readItems(server: Pick<EmbeddedServer, 'table'>): Promise<StoreState> {
  const versions = new Map<string, StoredLabel[]>();
  const labels = new Set<string>();
  const idOf = new Map<string, string>();
  const wrong: string[] = [];
  const claimed: string[] = [];
  for await (const item of itemsOf(server)) {
    const [, type = '', id = ''] = item.pk.split('#');
    const { sk } = item;
    if (item['lock'] !== undefined) wrong.push(`${item.pk} ${sk} is locked`);
    if (type === 'transaction' || sk.startsWith('staged#')) wrong.push(`${item.pk} ${sk} is left`);
    if (type === 'claim') claimed.push(`${String(item['type'])}/${String(item['id'])}`);
    if (!['Patient', 'Observation'].includes(type) || !(sk === currentKey || /^\d+$/.test(sk))) continue;
    const { label, subject } = labelOf(item);
    if (subject?.includes('?') === true) wrong.push(`${item.pk} ${sk} refers to ${subject}`);
    const key = `${type}/${id}`;
    const lastUpdated = String(item['lastUpdated']);
    const known = versions.get(key) ?? [];
    known.push({ versionId: Number(item['versionId']), label, lastUpdated });
    versions.set(key, known);
    labels.add(label);
    idOf.set(label, id);
  }
  for (const each of versions.values()) each.sort((a, b) => a.versionId - b.versionId);
  for (const key of claimed) if (!versions.has(key)) wrong.push(`criteria are claimed for ${key}, which is not there`);
  return { versions, labels, idOf, wrong };
}

/**
 * Reads a store that no server has open, item by item, and compares its history and its search index with it.
 * @param looked what was there when all of the index was compared, or that of what was written since: then only what is
 * written since is compared again, `also` what may have been, and what the index has beside the store.
 */
export async function readState(
  server: EmbeddedServer,
  looked?: { readonly before: StoreState; readonly also: ReadonlySet<string> },
): Promise<StoreState> {
  const state = await readItems(server);
  const { versions } = state;
  const history = await wrongHistory(server, versions);
  const drift = await driftNow(server, looked && suspects(versions, looked));
  return { ...state, wrong: [...state.wrong, ...history, ...drift] };
}

/** What may be indexed otherwise than when it was looked at; and all that is there, which the index may have. */
export function suspects(
  versions: StoreState['versions'],
  { before, also }: { readonly before: StoreState; readonly also: ReadonlySet<string> },
): DriftPart {
  const isOther = (key: string): boolean => versions.get(key)?.length !== before.versions.get(key)?.length;
  return {
    compared: [...versions.keys()].filter((key) => also.has(key) || isOther(key)),
    known: (key) => versions.has(key) && !also.has(key),
  };
}

/** The history of types has each version once, in the order of their instants. */
async function wrongHistory(
  { store }: EmbeddedServer,
  versions: ReadonlyMap<string, readonly StoredLabel[]>,
): Promise<string[]> {
  const types = ['Observation', 'Patient'];
  const page = await store.historyOfTypes({ types, oldestFirst: true, count: 1_000_000 });
  const told = page.versions.map(({ type, id, versionId, lastUpdated }) => [
    lastUpdated,
    `${type}/${id}`,
    String(versionId),
  ]);
  const expected = [...versions].flatMap(([key, all]) =>
    all.map(({ versionId, lastUpdated }) => [lastUpdated, key, String(versionId)]),
  );
  const sorted = (of: string[][]): string[] => of.map((each) => each.join(' ')).toSorted();
  const wrong: string[] = [];
  if (!isDeepStrictEqual(sorted(told), sorted(expected))) {
    wrong.push(`the history has ${String(told.length)} versions, the store ${String(expected.length)}`);
  }
  const instants = told.map(([instant = '']) => instant);
  if (!isDeepStrictEqual(instants, instants.toSorted())) wrong.push('the history is not in the order of instants');
  return wrong;
}
