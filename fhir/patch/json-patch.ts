import { Decimal } from '../json.js';
import { invalidRequest, patchFailed, tooCostly } from '../outcome.js';
import { clipped, PatchFault } from './patch-fault.js';
import { sameJson } from './same-json.js';

/** One operation of a JSON Patch, its pointers split and unescaped. */
interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: Pointer;
  /** Where `move` and `copy` take the value from. */
  readonly from: Pointer;
  readonly value: unknown;
}

/** A JSON Patch as it was read. */
export type JsonPatch = readonly JsonPatchOperation[];

/** A JSON Pointer's reference tokens, and its text. https://www.rfc-editor.org/rfc/rfc6901 */
interface Pointer {
  readonly text: string;
  readonly tokens: readonly string[];
}

const operationNames = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);
const withValue = new Set(['add', 'replace', 'test']);
const withFrom = new Set(['move', 'copy']);

type Container = unknown[] | Record<string, unknown>;

const isContainer = (value: unknown): value is Container =>
  typeof value === 'object' && value !== null && !(value instanceof Decimal);

/** More operations than this are refused. */
const mostOperations = 10_000;
/** So many values all `copy` operations of a patch may copy together: copies of copies grow without bound. */
const mostCopied = 100_000;

/**
 * Reads a JSON Patch. https://www.rfc-editor.org/rfc/rfc6902
 * @param value the parsed body: an array of operations; members an operation does not know are ignored.
 * @throws OperationOutcomeError 400 naming the operation that is none (`patch[2]`), 413 for more than 10,000 of them.
 */
export function readJsonPatch(value: unknown): JsonPatch {
  if (!Array.isArray(value)) {
    throw invalidRequest('A JSON Patch is an array of operations, such as [{"op": "remove", "path": "/active"}]');
  }
  if (value.length > mostOperations) throw tooCostly(`A patch has at most ${String(mostOperations)} operations`);
  return value.map((each: unknown, index) => readOperation(each, `patch[${String(index)}]`));
}

function readOperation(value: unknown, place: string): JsonPatchOperation {
  if (typeof value !== 'object' || value === null) throw invalidRequest('An operation is a JSON object', place);
  const given = value as Readonly<Record<string, unknown>>;
  const op = Object.hasOwn(given, 'op') ? given['op'] : undefined;
  if (typeof op !== 'string' || !operationNames.has(op)) {
    throw invalidRequest(`An operation's op is one of ${[...operationNames].join(', ')}`, `${place}.op`);
  }
  if (withValue.has(op) && !Object.hasOwn(given, 'value')) {
    throw invalidRequest(`The operation ${op} needs a value`, `${place}.value`);
  }
  const path = readPointer(given['path'], `${place}.path`);
  return {
    op: op as JsonPatchOperation['op'],
    path,
    from: withFrom.has(op) ? readPointer(given['from'], `${place}.from`) : path,
    value: given['value'],
  };
}

function readPointer(text: unknown, place: string): Pointer {
  if (typeof text !== 'string' || !/^(?:\/(?:[^~]|~[01])*)?$/s.test(text)) {
    throw invalidRequest('A JSON Pointer is needed, such as "/name/0/given"', place);
  }
  const tokens = text.split('/').slice(1);
  return { text, tokens: tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~')) };
}

/**
 * Applies a JSON Patch: all operations in order, or none. https://www.rfc-editor.org/rfc/rfc6902
 * @param document is not changed, nor is the patch: what differs is made anew, the rest is shared.
 * @returns the changed document; `Decimal`s stay as they were written.
 * @throws OperationOutcomeError 422 naming the operation that cannot be done (`patch[2]`), 413 when it copies too much.
 */
export function applyJsonPatch(document: unknown, patch: JsonPatch): unknown {
  let current = document;
  let copied = 0;
  for (const [index, operation] of patch.entries()) {
    try {
      if (operation.op === 'copy') copied += countValues(valueAt(current, operation.from), mostCopied - copied);
      current = applyOperation(current, operation);
    } catch (fault) {
      if (!(fault instanceof PatchFault)) throw fault;
      const which = `Operation ${String(index + 1)} (${operation.op} ${clipped(operation.path.text)})`;
      throw patchFailed(`${which}: ${fault.message}`, `patch[${String(index)}]`);
    }
  }
  return current;
}

function applyOperation(document: unknown, { op, path, from, value }: JsonPatchOperation): unknown {
  switch (op) {
    case 'add':
      return add(document, path, value);
    case 'remove':
      return remove(document, path);
    case 'replace':
      return replace(document, path, value);
    case 'copy':
      return add(document, path, valueAt(document, from));
    case 'move': {
      const moved = valueAt(document, from);
      if (path.text === from.text) return document;
      if (path.text.startsWith(`${from.text}/`)) throw new PatchFault('a value cannot be moved into itself');
      return add(remove(document, from), path, moved);
    }
    case 'test':
      if (!sameJson(valueAt(document, path), value)) throw new PatchFault('the value there is another one');
      return document;
  }
}

/** The number of values in a value, itself included. @throws OperationOutcomeError 413 when it is above `most`. */
function countValues(value: unknown, most: number): number {
  let count = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    count += 1;
    if (count > most) throw tooCostly(`A patch copies at most ${String(mostCopied)} values`);
    if (isContainer(next)) for (const each of Object.values(next)) open.push(each);
  }
  return count;
}

function valueAt(document: unknown, { tokens }: Pointer): unknown {
  return tokens.reduce((value, token) => memberOf(value, token), document);
}

function memberOf(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return value[existingIndex(value, token)] as unknown;
  if (!isContainer(value) || !Object.hasOwn(value, token)) throw new PatchFault(`there is no "${clipped(token)}"`);
  return (value as Record<string, unknown>)[token];
}

function add(document: unknown, path: Pointer, value: unknown): unknown {
  return change(document, path, value, (holder, token) => {
    if (!Array.isArray(holder)) return { ...holder, [token]: value };
    const index = token === '-' ? holder.length : arrayIndex(token);
    if (index > holder.length) throw new PatchFault(`the array has ${String(holder.length)} items only`);
    return holder.toSpliced(index, 0, value);
  });
}

function remove(document: unknown, path: Pointer): unknown {
  return change(document, path, undefined, (holder, token) => {
    if (Array.isArray(holder)) return holder.toSpliced(existingIndex(holder, token), 1);
    memberOf(holder, token);
    return Object.fromEntries(Object.entries(holder).filter(([name]) => name !== token));
  });
}

function replace(document: unknown, path: Pointer, value: unknown): unknown {
  return change(document, path, value, (holder, token) => {
    if (Array.isArray(holder)) return holder.with(existingIndex(holder, token), value);
    memberOf(holder, token);
    return { ...holder, [token]: value };
  });
}

/**
 * Makes the document anew along a path. A loop, since a document may be nested deeper than calls may be.
 * @param whole what stands in the whole document's place when the path is empty.
 * @param edit the container the path ends in, changed.
 */
function change(
  document: unknown,
  { tokens }: Pointer,
  whole: unknown,
  edit: (holder: Container, token: string) => Container,
): unknown {
  const last = tokens.at(-1);
  if (last === undefined) return whole;
  const holders: Container[] = [];
  let holder = document;
  for (const token of tokens) {
    if (!isContainer(holder)) throw new PatchFault(`there is nothing that could hold "${clipped(token)}"`);
    holders.push(holder);
    if (holders.length < tokens.length) holder = memberOf(holder, token);
  }
  let changed: unknown = edit(holders.pop() ?? {}, last);
  while (holders.length > 0) {
    const above = holders.pop() ?? {};
    const token = tokens[holders.length] ?? '';
    changed = Array.isArray(above) ? above.with(Number(token), changed) : { ...above, [token]: changed };
  }
  return changed;
}

function arrayIndex(token: string): number {
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(token)) throw new PatchFault(`"${clipped(token)}" is no place of an array`);
  return Number(token);
}

function existingIndex(array: readonly unknown[], token: string): number {
  const index = arrayIndex(token);
  if (index >= array.length) throw new PatchFault(`the array has ${String(array.length)} items only`);
  return index;
}
