import { parseJson, stringifyJson } from '../../fhir/json.js';
import { type InputFile, type Line, readLines, readText } from './input-file.js';

/** One entry of a request, as the report names it. */
export interface RequestEntry {
  /** The resource type written. */
  readonly type: string;
  /** Where it stands in the file: `entry 3`, `line 12`. */
  readonly place: string;
  /** `Patient/1` when it is written under an id. */
  readonly key?: string;
}

/** A bundle to post, or why a place of a file cannot be loaded. */
export type LoadRequest =
  | {
      readonly kind: 'bundle';
      readonly body: string;
      readonly entries: readonly RequestEntry[];
      /** Posting it twice leaves the same as posting it once. */
      readonly repeatable: boolean;
    }
  | { readonly kind: 'unreadable'; readonly place: string; readonly reason: string };

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const greatestBatch = 200;
const greatestBatchCharacters = 2_000_000;

/** An entry of a batch that this loader makes: under its id when it has one, as a new resource otherwise. */
function entryOf(resource: Json, text: string): { readonly text: string; readonly key?: string } {
  const type = String(resource['resourceType']);
  const id = textOf(resource['id']);
  const request = id === undefined ? { method: 'POST', url: type } : { method: 'PUT', url: `${type}/${id}` };
  return {
    text: `{"resource":${text},"request":${JSON.stringify(request)}}`,
    ...(id === undefined ? {} : { key: `${type}/${id}` }),
  };
}

/** Gathers resources into batches of bounded size. */
class Batch {
  readonly #texts: string[] = [];
  readonly #entries: RequestEntry[] = [];
  #characters = 0;

  /** Whether the resource fits in; a second version of a resource does not, since a batch has no order. */
  takes(key: string | undefined, characters: number): boolean {
    if (this.#texts.length === 0) return true;
    const fits = this.#texts.length < greatestBatch && this.#characters + characters <= greatestBatchCharacters;
    return fits && (key === undefined || !this.#entries.some((entry) => entry.key === key));
  }

  add(resource: Json, text: string, place: string): void {
    const entry = entryOf(resource, text);
    this.#texts.push(entry.text);
    this.#characters += entry.text.length;
    const type = String(resource['resourceType']);
    this.#entries.push({ type, place, ...(entry.key === undefined ? {} : { key: entry.key }) });
  }

  /** The request, and an empty batch again. */
  take(): LoadRequest[] {
    if (this.#texts.length === 0) return [];
    const body = `{"resourceType":"Bundle","type":"batch","entry":[${this.#texts.splice(0).join(',')}]}`;
    const entries = this.#entries.splice(0);
    this.#characters = 0;
    return [{ kind: 'bundle', body, entries, repeatable: entries.every(({ key }) => key !== undefined) }];
  }
}

const unreadable = (place: string, cause: unknown): LoadRequest => ({
  kind: 'unreadable',
  place,
  reason: cause instanceof Error ? cause.message : String(cause),
});

/** A resource as far as the loader needs it to be one. */
function requireResource(value: unknown): Json {
  if (!isJson(value) || textOf(value['resourceType']) === undefined)
    throw new Error('this is no resource: it has no resourceType');
  return value;
}

const keyOf = (resource: Json): string | undefined => {
  const id = textOf(resource['id']);
  return id === undefined ? undefined : `${String(resource['resourceType'])}/${id}`;
};

async function* batchesOf(resources: AsyncIterable<Line> | Iterable<Line>, word: string): AsyncGenerator<LoadRequest> {
  const batch = new Batch();
  for await (const { number, text } of resources) {
    const place = `${word} ${String(number)}`;
    try {
      // The text goes out as it came: parsed only to see type and id, so that decimals keep their digits.
      const resource = requireResource(JSON.parse(text));
      if (isBundleToDo(resource)) {
        yield* batch.take();
        yield requestOfBundle(resource, text, place);
        continue;
      }
      if (!batch.takes(keyOf(resource), text.length)) yield* batch.take();
      batch.add(resource, text, place);
    } catch (cause) {
      yield unreadable(place, cause);
    }
  }
  yield* batch.take();
}

const methods = ['PUT', 'DELETE', 'GET', 'HEAD'];

/** Whether a resource is a Bundle that says what to do with its entries. */
const isBundleToDo = (resource: Json): boolean =>
  resource['resourceType'] === 'Bundle' && (resource['type'] === 'transaction' || resource['type'] === 'batch');

/** A transaction or batch, posted as it is. `inside` says where it stands, when it is not the whole file. */
function requestOfBundle(bundle: Json, body: string, inside?: string): LoadRequest {
  const entries = Array.isArray(bundle['entry'])
    ? bundle['entry'].map((entry: unknown) => (isJson(entry) ? entry : {}))
    : [];
  const requestOf = (entry: Json): Json => (isJson(entry['request']) ? entry['request'] : {});
  return {
    kind: 'bundle',
    body,
    entries: entries.map((entry, index) => {
      const { resource } = entry;
      const url = textOf(requestOf(entry)['url']) ?? '';
      const type = isJson(resource) ? String(resource['resourceType']) : (url.split(/[/?]/)[0] ?? '');
      const entryPlace = `entry ${String(index)}`;
      return { type, place: inside === undefined ? entryPlace : `${inside}, ${entryPlace}` };
    }),
    repeatable: entries.every((entry) => {
      const { method, ifNoneExist } = requestOf(entry);
      return methods.includes(String(method)) || (method === 'POST' && textOf(ifNoneExist) !== undefined);
    }),
  };
}

/** The bundles whose entries are resources to keep, with nothing said about how. */
const containers = ['collection', 'searchset', 'document', 'message'];

/**
 * Turns a file into the bundles to post: a transaction or batch as it is; resources, one or one a line or those of a
 * collection, in batches, each under its id, or as a new one when it has none; a line that is a transaction or batch
 * as it is.
 * @param file the file; NDJSON is read as it is posted, and may be larger than the memory.
 * @returns the requests, and what in the file cannot be one.
 */
export async function* requestsOf(file: InputFile): AsyncGenerator<LoadRequest> {
  if (file.format === 'ndjson') {
    yield* batchesOf(readLines(file), 'line');
    return;
  }
  const text = await readText(file);
  let value: Json;
  try {
    value = requireResource(JSON.parse(text));
  } catch (cause) {
    yield unreadable('the file', cause);
    return;
  }
  const type = textOf(value['type']);
  if (value['resourceType'] !== 'Bundle' || type === undefined) {
    yield* batchesOf([{ number: 1, text }], 'resource');
  } else if (isBundleToDo(value)) {
    yield requestOfBundle(value, text);
  } else if (containers.includes(type) && Array.isArray(value['entry'])) {
    const { entry } = parseJson(text) as { readonly entry: readonly Json[] };
    const lines = entry.map(({ resource }, number) => ({ number, text: stringifyJson(resource) }));
    yield* batchesOf(lines, 'entry');
  } else {
    yield unreadable('the file', `a Bundle of type "${type}" says nothing to load`);
  }
}
