import { objectsOf, textOf, textsOf, unversioned } from '../guide.js';
import type { Invariant } from '../invariant.js';
import type { ExtensionContext, Profile, ProfileBinding, ProfileElement, ProfileType } from './profile.js';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Whether an invariant is one of the base definitions, which are checked without a profile; `source` is the definition
 * a snapshot says it is from.
 */
export type BaseCheck = (invariant: Invariant, source: string | undefined) => boolean;

/** Structural validation checks these on every element. */
const structural: ReadonlySet<string> = new Set(['ele-1', 'ext-1']);

const newElement = (name: string): ProfileElement => ({
  name,
  types: [],
  invariants: [],
  children: new Map(),
  slices: new Map(),
});

const grown = (map: Map<string, ProfileElement>, key: string, name: string): ProfileElement => {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = newElement(name)));
  return found;
};

/**
 * Reads a StructureDefinition that constrains a type. Its snapshot counts; without one its differential, on top of its
 * base's elements where that is a profile too.
 * @param definition the StructureDefinition.
 * @param baseOf gives the StructureDefinition of a profile by its URL; undefined for a base type or an unknown one.
 */
export function readProfile(
  definition: JsonObject,
  baseOf: (url: string) => JsonObject | undefined,
  isOfBase: BaseCheck,
): Profile {
  const type = textOf(definition, 'type') ?? '';
  const root = newElement(type);
  const elements = elementsOf(definition, baseOf, new Set());
  for (const element of elements) place(root, element, isOfBase);
  const isModifier = elements.find((element) => element['path'] === 'Extension')?.['isModifier'];
  return {
    url: textOf(definition, 'url') ?? '',
    type,
    root,
    contexts: type === 'Extension' ? contextsOf(definition) : [],
    ...(typeof isModifier === 'boolean' ? { isModifier } : {}),
  };
}

/** STU3 has one type of context for all. */
function contextsOf(definition: JsonObject): ExtensionContext[] {
  const type = textOf(definition, 'contextType');
  if (type !== undefined) return textsOf(definition, 'context').map((expression) => ({ type, expression }));
  return objectsOf(definition, 'context').map((context) => ({
    type: textOf(context, 'type') ?? '',
    expression: textOf(context, 'expression') ?? '',
  }));
}

function elementsOf(
  definition: JsonObject,
  baseOf: (url: string) => JsonObject | undefined,
  seen: ReadonlySet<string>,
): readonly JsonObject[] {
  const snapshot = objectsOf(definition['snapshot'], 'element');
  if (snapshot.length > 0) return snapshot;
  const baseUrl = unversioned(textOf(definition, 'baseDefinition') ?? '');
  const base = seen.has(baseUrl) ? undefined : baseOf(baseUrl);
  const inherited = base === undefined ? [] : elementsOf(base, baseOf, new Set([...seen, baseUrl]));
  return [...inherited, ...objectsOf(definition['differential'], 'element')];
}

/** Puts an ElementDefinition where its id (or path and slice name) says. */
function place(root: ProfileElement, definition: JsonObject, isOfBase: BaseCheck): void {
  const path = textOf(definition, 'path') ?? '';
  const sliceName = textOf(definition, 'sliceName');
  const id = textOf(definition, 'id') ?? (sliceName === undefined ? path : `${path}:${sliceName}`);
  let element = root;
  for (const segment of segmentsOf(id).slice(1)) {
    const [name = '', slice] = segment.split(/:(.*)/s);
    element = grown(element.children, name, name);
    if (slice !== undefined && slice !== '') {
      element = sliced(element, slice, name);
    }
  }
  constrain(element, definition, isOfBase);
}

/** A slice, or a slice of a slice: `record/local`. https://hl7.org/fhir/R4/profiling.html#reslicing */
function sliced(element: ProfileElement, sliceName: string, name: string): ProfileElement {
  let slice = element;
  const parts = sliceName.split('/');
  for (const place of parts.keys()) {
    const whole = parts.slice(0, place + 1).join('/');
    slice = grown(slice.slices, whole, name);
    slice.sliceName = whole;
  }
  return slice;
}

/** The segments of an element's id; slice names may hold dots only where they stand in no other segment. */
const segmentsOf = (id: string): string[] => id.split('.');

function constrain(element: ProfileElement, definition: JsonObject, isOfBase: BaseCheck): void {
  const { min, max, maxLength } = definition;
  if (typeof min === 'number') element.min = min;
  if (typeof max === 'string') element.max = max === '*' ? Infinity : Number(max);
  if (typeof maxLength === 'number') element.maxLength = maxLength;
  const types = objectsOf(definition, 'type').flatMap(typeOf);
  if (types.length > 0) element.types = merged(types);
  for (const [name, value] of Object.entries(definition)) {
    if (/^fixed[A-Z]/.test(name)) element.expected = { kind: 'fixed', value };
    else if (/^pattern[A-Z]/.test(name)) element.expected = { kind: 'pattern', value };
    else if (/^minValue[A-Z]/.test(name)) element.least = { type: name.slice('minValue'.length), value };
    else if (/^maxValue[A-Z]/.test(name)) element.greatest = { type: name.slice('maxValue'.length), value };
  }
  const binding = bindingOf(definition['binding']);
  if (binding !== undefined) element.binding = binding;
  const slicing = slicingOf(definition['slicing']);
  if (slicing !== undefined) element.slicing = slicing;
  for (const constraint of objectsOf(definition, 'constraint')) {
    const invariant = invariantOf(constraint);
    if (invariant === undefined || isOfBase(invariant, textOf(constraint, 'source'))) continue;
    if (!element.invariants.some(({ key }) => key === invariant.key)) element.invariants.push(invariant);
  }
}

function typeOf(type: JsonObject): ProfileType[] {
  const code = textOf(type, 'code');
  // The types of FHIRPath, as ids have them, are no FHIR types.
  if (code === undefined || code.includes('/')) return [];
  return [
    {
      code,
      profiles: textsOf(type, 'profile').map(unversioned),
      targets: textsOf(type, 'targetProfile').map(unversioned),
    },
  ];
}

/** STU3 repeats a type for each of its profiles. */
function merged(types: readonly ProfileType[]): ProfileType[] {
  const byCode = new Map<string, ProfileType>();
  for (const type of types) {
    const known = byCode.get(type.code);
    byCode.set(type.code, {
      code: type.code,
      profiles: [...(known?.profiles ?? []), ...type.profiles],
      targets: [...(known?.targets ?? []), ...type.targets],
    });
  }
  return [...byCode.values()];
}

const maxValueSet = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';

/** A canonical: a text, or in STU3 maybe a Reference. */
function canonicalIn(owner: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = owner[name];
    const text = typeof value === 'object' && value !== null ? textOf(value as JsonObject, 'reference') : value;
    if (typeof text === 'string') return unversioned(text);
  }
  return undefined;
}

function bindingOf(binding: unknown): ProfileBinding | undefined {
  if (typeof binding !== 'object' || binding === null) return undefined;
  const { strength } = binding as JsonObject;
  const valueSet = canonicalIn(binding as JsonObject, 'valueSet', 'valueSetUri', 'valueSetReference');
  const extension = objectsOf(binding, 'extension').find(({ url }) => url === maxValueSet);
  const most =
    extension === undefined ? undefined : canonicalIn(extension, 'valueCanonical', 'valueUri', 'valueReference');
  const isStrong = strength === 'required' || strength === 'extensible';
  if (!isStrong && most === undefined) return undefined;
  return {
    strength: strength === 'required' ? 'required' : 'extensible',
    ...(isStrong && valueSet !== undefined ? { valueSet } : {}),
    ...(most === undefined ? {} : { maxValueSet: most }),
  };
}

function slicingOf(slicing: unknown): ProfileElement['slicing'] {
  if (typeof slicing !== 'object' || slicing === null) return undefined;
  const discriminators = objectsOf(slicing, 'discriminator').map((each) => ({
    type: textOf(each, 'type') ?? '',
    path: textOf(each, 'path') ?? '$this',
  }));
  const { rules, ordered } = slicing as JsonObject;
  return {
    discriminators,
    rules: rules === 'closed' || rules === 'openAtEnd' ? rules : 'open',
    ordered: ordered === true,
  };
}

function invariantOf(constraint: JsonObject): Invariant | undefined {
  const key = textOf(constraint, 'key');
  const expression = textOf(constraint, 'expression');
  if (key === undefined || expression === undefined || structural.has(key)) return undefined;
  const severity = constraint['severity'] === 'error' ? 'error' : 'warning';
  return { key, severity, human: textOf(constraint, 'human') ?? key, expression };
}
