import { referenceFault, type ReferenceSurroundings } from './check-reference.js';
import type { FhirDefinitions } from './definitions.js';
import { Decimal, decimalText } from './json.js';
import { nearest } from './nearest.js';
import type { OutcomeIssue } from './outcome.js';
import { issueAt } from './place.js';
import { primitiveCheck } from './primitive.js';
import type { Member } from './structure.js';

/** After so many broken rules the rest is not looked at. */
const mostIssues = 100;
/** Deeper nesting is refused: no real resource comes near. */
const deepest = 100;
/** As many of the allowed codes are named. */
const mostCodes = 12;

type JsonObject = Record<string, unknown>;

/** Objects of another realm (a sandbox) count too, so prototypes are not looked at. */
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);

const jsonType = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? 'a string' : typeof value === 'boolean' ? 'a boolean' : 'a number';
};

const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** One walk through one value. */
class Validation implements ReferenceSurroundings {
  readonly issues: OutcomeIssue[] = [];
  private readonly definitions: FhirDefinitions;
  /** The place of what is looked at now; joined only when something is wrong there. */
  private readonly path: (string | number)[];
  private depth = 0;
  /** The resource that is looked at, not one that it contains, and the types of those once they are asked for. */
  private root: { readonly value: JsonObject; types?: ReadonlyMap<string, string> } = { value: {} };
  /** The innermost Bundle, and the types of its entries by fullUrl once they are asked for. */
  private bundle: typeof this.root | undefined;
  private readonly entryTypes: ReadonlyMap<string, string> | undefined;

  constructor(definitions: FhirDefinitions, { path, entryTypes }: ResourcePlace) {
    this.definitions = definitions;
    this.path = path === undefined ? [] : [path];
    this.entryTypes = entryTypes;
  }

  containedType(id: string): string | undefined {
    return (this.root.types ??= typesOfContained(this.root.value)).get(id);
  }

  entryType(fullUrl: string): string | undefined {
    if (this.bundle === undefined) return this.entryTypes?.get(fullUrl);
    return (this.bundle.types ??= typesOfEntries(this.bundle.value)).get(fullUrl);
  }

  /** @param contained whether it stands in another resource's `contained`. */
  resource(value: unknown, expectedType: string | undefined, contained: boolean): void {
    if (!isObject(value)) {
      this.report('structure', `must be a resource, a JSON object, and is ${jsonType(value)}`);
      return;
    }
    const type: unknown = Object.hasOwn(value, 'resourceType') ? value['resourceType'] : undefined;
    if (typeof type !== 'string' || !this.definitions.structures.isResourceType(type)) {
      const near = typeof type === 'string' ? nearest(type, this.definitions.resourceTypes) : undefined;
      const why =
        type === undefined
          ? 'must have a resourceType'
          : `has the resourceType ${typeof type === 'string' ? shown(type) : jsonType(type)}, which FHIR ${this.definitions.version} does not have`;
      this.report(type === undefined ? 'required' : 'structure', why + suggestion(near));
      return;
    }
    if (this.path.length === 0) this.path.push(type);
    if (expectedType !== undefined && expectedType !== type) {
      this.report('invalid', `is a resource of type ${type}; here it must be ${expectedType}`);
    }
    if (contained && value['contained'] !== undefined) {
      this.report('invalid', 'is contained in another resource and must not contain resources itself', 'contained');
    }
    const { root, bundle } = this;
    if (!contained) this.root = { value };
    if (type === 'Bundle') this.bundle = { value };
    this.members(value, type, true);
    this.root = root;
    this.bundle = bundle;
  }

  /** @param mayHaveIdOnly whether an id is enough, as it is beside a primitive's value. */
  private object(value: unknown, type: string, mayHaveIdOnly = false): void {
    if (!isObject(value)) {
      this.report('structure', `must be a JSON object, and is ${jsonType(value)}`);
      return;
    }
    const only = Object.keys(value);
    if (only.length === 0) this.report('structure', 'must not be an empty object');
    else if (!mayHaveIdOnly && only.length === 1 && only[0] === 'id')
      this.report('structure', 'has an id and nothing else');
    this.members(value, type, false);
    if (type === 'Extension') this.extension(value);
  }

  private members(value: JsonObject, type: string, isResource: boolean): void {
    if (this.depth >= deepest) {
      this.report('structure', `is nested deeper than ${String(deepest)} levels`);
      return;
    }
    const { structures } = this.definitions;
    const members = structures.members(type);
    let choices: Map<string, string> | undefined;
    this.depth += 1;
    for (const key of Object.keys(value)) {
      if (this.issues.length >= mostIssues) break;
      if (isResource && key === 'resourceType') continue;
      const member = members.get(key);
      const sibling = member === undefined && key.startsWith('_') ? members.get(key.slice(1)) : undefined;
      if (member === undefined && sibling?.isPrimitive !== true) {
        this.report('structure', `is not an element of ${type}${suggestion(nearest(key, members.keys()))}`, key);
        continue;
      }
      const { rule } = member ?? sibling ?? {};
      if (rule?.name.endsWith('[x]') === true && value[key] !== undefined) {
        const name = member === undefined ? key.slice(1) : key;
        const other = (choices ??= new Map<string, string>()).get(rule.name);
        if (other === undefined) choices.set(rule.name, name);
        else if (other !== name) {
          this.report('structure', `stands beside ${other}; only one of the types of ${rule.name} may be there`, name);
        }
      }
      if (member !== undefined) this.element(value, key, member);
      else if (sibling !== undefined && value[key.slice(1)] === undefined) this.element(value, key.slice(1), sibling);
    }
    this.depth -= 1;
    this.required(value, type);
  }

  private required(value: JsonObject, type: string): void {
    for (const { name, min, jsonNames } of this.definitions.structures.required(type)) {
      const there = jsonNames.some((each) => value[each] !== undefined || value[`_${each}`] !== undefined);
      if (!there)
        this.report('required', `is missing; ${type} needs ${min === 1 ? 'it' : `${String(min)} of it`}`, plain(name));
    }
  }

  private element(owner: JsonObject, key: string, member: Member): void {
    const value = owner[key];
    const sibling = member.isPrimitive ? owner[`_${key}`] : undefined;
    if (value === undefined && sibling === undefined) return;
    this.path.push(member.expression);
    if (member.rule.max === 1) this.one(value, sibling, member);
    else this.many(value, sibling, member);
    this.path.pop();
  }

  private many(value: unknown, sibling: unknown, member: Member): void {
    for (const list of [value, sibling]) {
      if (list === undefined) continue;
      if (!Array.isArray(list)) {
        this.report('structure', `may repeat and must be a JSON array, and is ${jsonType(list)}`);
        return;
      }
      if (list.length === 0) this.report('structure', 'must not be an empty array');
    }
    const values = value as unknown[] | undefined;
    const siblings = sibling as unknown[] | undefined;
    const length = Math.max(values?.length ?? 0, siblings?.length ?? 0);
    const { min, max } = member.rule;
    if (length > max) this.report('structure', `has ${String(length)} repetitions; at most ${String(max)} are allowed`);
    if (length > 0 && length < min)
      this.report('required', `has ${String(length)} of at least ${String(min)} repetitions`);
    for (let index = 0; index < length && this.issues.length < mostIssues; index += 1) {
      this.path.push(index);
      this.one(this.itemOf(values, index), this.itemOf(siblings, index), member);
      this.path.pop();
    }
  }

  /** Nulls fill the places of an array of primitives where only the other array has something. */
  private itemOf(list: unknown[] | undefined, index: number): unknown {
    if (list === undefined || index >= list.length) return undefined;
    return list[index];
  }

  private one(value: unknown, sibling: unknown, member: Member): void {
    if (Array.isArray(value) || Array.isArray(sibling)) {
      this.report(
        'structure',
        member.rule.max === 1 ? 'must be a single value, and is an array' : 'must not be an array within an array',
      );
    } else if (member.isPrimitive) {
      this.primitive(value, sibling, member);
    } else if (member.type === 'Resource') {
      this.resource(value, undefined, member.rule.name === 'contained');
    } else {
      const before = this.issues.length;
      this.object(value, member.type);
      if (!isObject(value) || this.issues.length > before) return;
      if (member.codes !== undefined) this.binding(value, member.type, member.codes);
      else if (member.type === 'Reference') this.reference(value, member);
    }
  }

  private reference(value: JsonObject, { targets }: Member): void {
    const fault = referenceFault(this.definitions, value, targets, this);
    if (fault !== undefined) this.report('value', fault.why, fault.below);
  }

  /**
   * A required binding: of several codes one must be of the value set. A code without its system counts, and so does
   * text alone: STU3's own examples have both. https://hl7.org/fhir/R4/terminologies.html#strength
   */
  private binding(value: JsonObject, type: string, codes: ReadonlySet<string>): void {
    const codings = (type === 'CodeableConcept' ? [value['coding']].flat() : [value]).filter(isObject);
    const found = codings.filter(({ code }) => typeof code === 'string');
    const isAllowed = ({ system, code }: JsonObject): boolean =>
      typeof system === 'string'
        ? codes.has(`${system}|${String(code)}`)
        : [...codes].some((each) => each.endsWith(`|${String(code)}`));
    if (found.length === 0 || found.some(isAllowed)) return;
    const said = found.map(({ system, code }) => (typeof system === 'string' ? `${system}|` : '') + String(code));
    this.unknownCode(said.join(', '), codes);
  }

  private primitive(value: unknown, sibling: unknown, member: Member): void {
    const repeats = member.rule.max !== 1;
    const hasSibling = sibling !== undefined && !(repeats && sibling === null);
    if (hasSibling) this.object(sibling, 'Element', value !== undefined && value !== null);
    if (value === undefined || (value === null && repeats)) {
      const hasExtension = isObject(sibling) && sibling['extension'] !== undefined;
      if (!hasExtension) this.report('structure', 'has neither a value nor an extension');
      return;
    }
    if (value === null) {
      this.report('structure', 'must not be null; leave it out');
      return;
    }
    const fault = primitiveCheck(this.definitions.version, member.type)(value);
    if (fault !== undefined) {
      const found = typeof value === 'string' ? value : (decimalText(value) ?? '');
      const is = fault.code === 'structure' ? jsonType(value) : shown(found);
      this.report(fault.code, `(${member.type}) must be ${fault.expected}, and is ${is}`);
    } else if (member.codes !== undefined && !member.codes.has(value as string)) {
      this.unknownCode(value as string, member.codes);
    }
  }

  private unknownCode(code: string, codes: ReadonlySet<string>): void {
    const named = [...codes].slice(0, mostCodes).join(', ');
    const more = codes.size > mostCodes ? ` and ${String(codes.size - mostCodes)} more` : '';
    this.report(
      'code-invalid',
      `has the unknown code ${shown(code)}${suggestion(nearest(code, codes)) || '.'} Allowed: ${named}${more}`,
    );
  }

  /** Rule ext-1: a value or extensions, not both. https://hl7.org/fhir/R4/extensibility.html#Extension */
  private extension(value: JsonObject): void {
    const hasValue = Object.keys(value).some((key) => key.startsWith('value') || key.startsWith('_value'));
    if (hasValue === (value['extension'] !== undefined)) {
      this.report(
        'invalid',
        hasValue ? 'has a value and extensions; only one is allowed' : 'has neither a value nor extensions',
      );
    }
  }

  private report(code: string, why: string, below?: string): void {
    if (this.issues.length >= mostIssues) return;
    const parts = below === undefined ? this.path : [...this.path, below.slice(0, 80)];
    this.issues.push(issueAt('error', code, parts, why));
  }
}

/** Where a resource stands, as far as its rules depend on it. */
export interface ResourcePlace {
  /** The type it must have. */
  readonly expectedType?: string;
  /** The FHIRPath of where it stands (its type when left out). */
  readonly path?: string;
  /** Of an entry of a bundle: the types of the entries by fullUrl. */
  readonly entryTypes?: ReadonlyMap<string, string>;
}

const typeOf = (resource: unknown): string | undefined => {
  const type = isObject(resource) ? resource['resourceType'] : undefined;
  return typeof type === 'string' ? type : undefined;
};

/** By `key`, what is first under each. */
function typesBy(key: 'id' | 'fullUrl', list: unknown, resourceOf: (each: JsonObject) => unknown): Map<string, string> {
  const types = new Map<string, string>();
  for (const each of Array.isArray(list) ? (list as unknown[]) : []) {
    const name = isObject(each) ? each[key] : undefined;
    const type = isObject(each) ? typeOf(resourceOf(each)) : undefined;
    if (typeof name === 'string' && type !== undefined && !types.has(name)) types.set(name, type);
  }
  return types;
}

/** The types of contained resources by id; under '' the resource itself, which `#` means. */
const typesOfContained = (root: JsonObject): ReadonlyMap<string, string> =>
  typesBy('id', root['contained'], (each) => each).set('', typeOf(root) ?? '');

const typesOfEntries = ({ entry }: JsonObject): ReadonlyMap<string, string> =>
  typesBy('fullUrl', entry, ({ resource }) => resource);

const plain = (name: string): string => name.replace('[x]', '');
const suggestion = (near: string | undefined): string => (near === undefined ? '' : `; did you mean ${near}?`);

/**
 * Checks a value against the structural rules of its resource type: elements and their cardinality, JSON types,
 * primitives, choices, extensions, required bindings that can be listed, types that references name, resources within it.
 * Invariants, profiles and other bindings are not looked at. https://hl7.org/fhir/R4/validation.html
 * @param definitions of the version the resource is of.
 * @param value what a client sent; anything at all.
 * @param place where it stands.
 * @returns an issue for every broken rule, at most 100; none when it is valid. Never throws.
 */
export function validateResource(
  definitions: FhirDefinitions,
  value: unknown,
  place: ResourcePlace = {},
): OutcomeIssue[] {
  const validation = new Validation(definitions, place);
  validation.resource(value, place.expectedType, false);
  return validation.issues;
}
