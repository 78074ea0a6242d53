import { applyPatch, createPatch, type Operation, Pointer } from 'rfc6902';
import { withoutChoice } from './columns.js';
import { isObject } from './json.js';

// What was changed in the text of a resource, as a patch. Numbers keep the digits they are written with: inside they are
// texts behind a mark that no resource has.

const mark = '\uE000';

const parseExactly = (text: string): unknown =>
  JSON.parse(text, (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' ? `${mark}${context?.source ?? String(value)}` : value,
  );

const written = (value: unknown): string =>
  JSON.stringify(value, null, 2).replaceAll(new RegExp(`"${mark}([^"]+)"`, 'g'), '$1');

/**
 * The JSON Patch that makes one text of a resource the other. https://www.rfc-editor.org/rfc/rfc6902
 * @throws SyntaxError when one of them is no JSON.
 */
export const jsonPatchOf = (before: string, after: string): string =>
  written(createPatch(parseExactly(before), parseExactly(after)));

/** One step of a FHIRPath Patch. */
interface Step {
  readonly type: 'add' | 'insert' | 'delete' | 'replace';
  readonly path: string;
  readonly name?: string;
  readonly index?: number;
  readonly value?: unknown;
}

/** What a FHIRPath Patch cannot say. */
class Unsaid extends Error {}

/**
 * The FHIRPath Patch that makes one text of a resource the other, as a Parameters resource. Values of data types are made
 * of parts, as those of elements without a type of their own. https://hl7.org/fhir/R4/fhirpatch.html
 * @returns undefined when it cannot be said so: the extensions of primitive elements.
 * @throws SyntaxError when one of them is no JSON.
 */
export function fhirPathPatchOf(type: string, before: string, after: string): string | undefined {
  const document = parseExactly(before);
  try {
    const steps = createPatch(document, parseExactly(after)).flatMap((operation) => {
      const found = stepsOf(type, document, operation);
      applyPatch(document, [operation]);
      return found;
    });
    const parameter = steps.map((step) => ({ name: 'operation', part: partsOf(step) }));
    return written({ resourceType: 'Parameters', parameter });
  } catch (error) {
    if (error instanceof Unsaid) return undefined;
    throw error;
  }
}

function fhirPath(type: string, names: readonly string[]): string {
  return names.reduce((path, name) => {
    if (name.startsWith('_')) throw new Unsaid();
    return /^\d+$/.test(name) ? `${path}[${name}]` : `${path}.${withoutChoice(name)}`;
  }, type);
}

/** The steps that one operation of a JSON Patch is, on the document as it is before it. */
function stepsOf(type: string, document: unknown, operation: Operation): readonly Step[] {
  if (operation.op !== 'add' && operation.op !== 'remove' && operation.op !== 'replace') throw new Unsaid();
  const pointer = Pointer.fromJSON(operation.path);
  const names = pointer.tokens.slice(1);
  const parent = names.slice(0, -1);
  const {
    parent: list,
    key: last,
    value: there,
  } = pointer.evaluate(document) as {
    readonly parent: unknown;
    readonly key: string;
    readonly value: unknown;
  };
  const path = fhirPath(type, names);
  const removed = (): readonly Step[] =>
    Array.isArray(there)
      ? there.map((_, place) => ({ type: 'delete' as const, path: `${path}[${String(there.length - 1 - place)}]` }))
      : [{ type: 'delete', path }];
  const added = (value: unknown): readonly Step[] => {
    if (Array.isArray(list)) {
      const index = last === '-' ? list.length : Number(last);
      return [{ type: 'insert', path: fhirPath(type, parent), index, value }];
    }
    const name = last;
    const holder = fhirPath(type, parent);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((each) => ({ type: 'add', path: holder, name, value: each }));
  };
  if (operation.op === 'remove') return removed();
  if (operation.op === 'add') return added(operation.value);
  if (Array.isArray(there) || Array.isArray(operation.value)) return [...removed(), ...added(operation.value)];
  return [{ type: 'replace', path, name: last, value: operation.value }];
}

function partsOf({ type, path, name, index, value }: Step): readonly object[] {
  return [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
    ...(type === 'add' ? [{ name: 'name', valueString: withoutChoice(name ?? '') }] : []),
    ...(index === undefined ? [] : [{ name: 'index', valueInteger: `${mark}${String(index)}` }]),
    ...(type === 'delete' ? [] : [partOf('value', name ?? '', value)]),
  ];
}

/**
 * A value as a part of Parameters.
 * @param element the name of the element in JSON, which says the type where it is a choice: `valueQuantity`.
 */
function partOf(name: string, element: string, value: unknown): object {
  const bare = withoutChoice(element);
  if (bare !== element) return { name, [`value${element.slice(bare.length)}`]: value };
  if (Array.isArray(value)) throw new Unsaid();
  if (!isObject(value)) return { name, [`value${primitiveType(value)}`]: value };
  if ('resourceType' in value) return { name, resource: value };
  const part = Object.entries(value).flatMap(([member, inner]) => {
    if (member.startsWith('_')) throw new Unsaid();
    const values: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
    return values.map((each) => partOf(withoutChoice(member), member, each));
  });
  return { name, part };
}

/** A primitive type that has such values: JSON does not say which it is, and servers look at the element's own. */
function primitiveType(value: unknown): string {
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value !== 'string') throw new Unsaid();
  if (value.startsWith(mark)) return /^-?\d+$/.test(value.slice(1)) ? 'Integer' : 'Decimal';
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return 'Date';
  if (/^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(value)) return 'DateTime';
  return 'String';
}
