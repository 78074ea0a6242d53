import { compilerOf } from '../check-invariants.js';
import type { FhirDefinitions } from '../definitions.js';
import type { Collection, FhirNode, Surroundings } from '../fhirpath/node.js';
import { isA } from '../fhirpath/type.js';
import { holdsPattern, isFixed } from './expected.js';
import type { Discriminator, Profile, ProfileElement } from './profile.js';
import type { CodeCheck } from './code-check.js';

/** What decides which slice a value is of. */
export interface SliceContext {
  readonly definitions: FhirDefinitions;
  readonly profileOf: (url: string) => Profile | undefined;
  readonly hasCode: CodeCheck;
  readonly owner: Pick<Surroundings, 'resource' | 'root' | 'budget'>;
  /** Whether a value keeps a known profile. */
  readonly conforms: (url: string, node: FhirNode) => boolean;
}

/**
 * Whether a value is of a slice, by all discriminators of its element.
 * https://hl7.org/fhir/R4/profiling.html#discriminator
 */
export function matchesSlice(
  element: ProfileElement,
  slice: ProfileElement,
  node: FhirNode,
  context: SliceContext,
): boolean {
  const discriminators = element.slicing?.discriminators ?? implied(element);
  return discriminators.length > 0 && discriminators.every((each) => matches(each, slice, node, context));
}

/** Extensions are told apart by their URL and choices by their type, also where a profile does not say so. */
function implied({ name }: ProfileElement): readonly Discriminator[] {
  if (name === 'extension' || name === 'modifierExtension') return [{ type: 'value', path: 'url' }];
  return name.endsWith('[x]') ? [{ type: 'type', path: '$this' }] : [];
}

function matches({ type, path }: Discriminator, slice: ProfileElement, node: FhirNode, context: SliceContext): boolean {
  const steps = stepsOf(path);
  const { target, within } = follow(slice, steps);
  const selected = (): Collection => select(path, node, context);
  switch (type) {
    case 'exists':
      return target?.max === 0 ? selected().length === 0 : selected().length > 0;
    case 'type': {
      const types = target?.types ?? [];
      const names = types.flatMap(({ code, targets }) =>
        code === 'Reference' && path.includes('resolve()')
          ? targets.map((url) => context.profileOf(url)?.type ?? url.slice(url.lastIndexOf('/') + 1))
          : [code],
      );
      return selected().some((each) => names.some((name) => isA(context.definitions.structures, each.type, name)));
    }
    case 'profile': {
      const urls = (target?.types ?? []).flatMap(({ profiles, targets }) => [...profiles, ...targets]);
      return selected().some((each) => urls.some((url) => context.conforms(url, each)));
    }
    default:
      return hasValue(path, { slice, target, within, steps }, node, context);
  }
}

/** What a slice's definition says along a path. */
interface Followed {
  readonly target: ProfileElement | undefined;
  /** The elements that were met on the way, the slice itself first, with the rest of the path behind each. */
  readonly within: readonly { readonly element: ProfileElement; readonly passed: readonly string[] }[];
}

function follow(slice: ProfileElement, steps: readonly string[]): Followed {
  const within = [{ element: slice, passed: [] as readonly string[] }];
  let element: ProfileElement | undefined = slice;
  for (const [place, step] of steps.entries()) {
    element = childNamed(element, step);
    if (element === undefined) return { target: undefined, within };
    within.push({ element, passed: steps.slice(0, place + 1) });
  }
  return { target: element, within };
}

/** The child a step of a path leads to: `code`, `value` (for `value[x]`), `extension('url')`. */
function childNamed(element: ProfileElement, step: string): ProfileElement | undefined {
  const url = /^extension\('(.*)'\)$/.exec(step)?.[1];
  if (url === undefined)
    return element.children.get(step) ?? element.children.get(`${step}[x]`) ?? ofSlices(element, step);
  const slices = element.children.get('extension')?.slices.values() ?? [];
  return [...slices].find(
    (each) =>
      each.children.get('url')?.expected?.value === url || each.types.some(({ profiles }) => profiles.includes(url)),
  );
}

/**
 * What the one slice says that an element has, where the element itself says nothing: the components of a blood pressure
 * are told apart by `code.coding.code`, which their only slice of `coding` fixes.
 */
function ofSlices({ slices }: ProfileElement, step: string): ProfileElement | undefined {
  const [found, ...others] = [...slices.values()].flatMap((slice) => slice.children.get(step) ?? []);
  return others.length === 0 ? found : undefined;
}

/** Discriminators of type value, and of type pattern, its older name. */
function hasValue(
  path: string,
  { slice, target, within, steps }: Followed & { readonly slice: ProfileElement; readonly steps: readonly string[] },
  node: FhirNode,
  context: SliceContext,
): boolean {
  for (const { element, passed } of [...within].reverse()) {
    const { expected } = element;
    if (expected === undefined) continue;
    // A pattern of an element above decides as well, where it says something about the path.
    if (element !== target && !says(expected.value, steps.slice(passed.length))) continue;
    const holds = expected.kind === 'fixed' ? isFixed : holdsPattern;
    return select(passed.join('.') || '$this', node, context).some(({ value }) => holds(value, expected.value));
  }
  const { strength, valueSet } = target?.binding ?? {};
  if (strength === 'required' && valueSet !== undefined) {
    return select(path, node, context).some((each) => hasCodeOf(valueSet, each, context));
  }
  if (path !== 'url') return false;
  const urls = slice.types.flatMap(({ profiles }) => profiles);
  return select(path, node, context).some(({ value }) => typeof value === 'string' && urls.includes(value));
}

/** Whether a pattern has a value along a path. */
function says(pattern: unknown, steps: readonly string[]): boolean {
  const [step, ...others] = steps;
  if (step === undefined) return pattern !== undefined;
  if (Array.isArray(pattern)) return pattern.some((item) => says(item, steps));
  return typeof pattern === 'object' && pattern !== null && says(Reflect.get(pattern, step), others);
}

function hasCodeOf(valueSet: string, { type, value }: FhirNode, context: SliceContext): boolean {
  if (typeof value === 'string') return context.hasCode(valueSet, { code: value }) === true;
  const codings: unknown = type === 'CodeableConcept' ? Reflect.get(value as object, 'coding') : [value];
  if (!Array.isArray(codings)) return false;
  return (codings as { readonly system?: unknown; readonly code?: unknown }[]).some(
    ({ system, code }) =>
      typeof code === 'string' &&
      context.hasCode(valueSet, { code, ...(typeof system === 'string' ? { system } : {}) }) === true,
  );
}

/** The steps of a discriminator's path through the definition; what only selects (`resolve()`, `ofType()`) is none. */
const stepsOf = (path: string): string[] =>
  (path.match(/extension\('[^']*'\)|[A-Za-z]+\([^)]*\)|[^.]+/g) ?? []).filter(
    (step) => step !== '$this' && (!step.endsWith(')') || step.startsWith('extension(')),
  );

function select(path: string, node: FhirNode, { definitions, owner }: SliceContext): Collection {
  const compiled = compilerOf(definitions)(path);
  try {
    return compiled === undefined ? [] : compiled([node], { ...owner, context: node });
  } catch {
    return []; // a path that selects nothing in this value
  }
}
