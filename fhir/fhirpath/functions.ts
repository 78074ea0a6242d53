import { decimalText } from '../json.js';
import type { Call } from './call.js';
import { distinct, membership } from './compare.js';
import { onlyFormats, showsSomething } from './html.js';
import { type Collection, EvaluationError, type FhirNode, nothing, single, spend, truth, truthOf } from './node.js';
import { targetOf } from './resolve.js';

type FhirPathFunction = (input: Collection, call: Call) => Collection;

const text = (value: string): Collection => [{ type: 'System.String', value }];
const whole = (value: number): Collection => [{ type: 'System.Integer', value }];

const holds = (item: FhirNode, call: Call): boolean => truthOf(call.on([item])) === true;

/** A function of the one text in the input. */
const ofText =
  (apply: (value: string, call: Call) => Collection): FhirPathFunction =>
  (input, call) => {
    const value = single(input)?.value;
    if (value === undefined) return nothing;
    if (typeof value !== 'string') throw new EvaluationError('a text is expected');
    return apply(value, call);
  };

/** A function of the one text in the input and the one in the argument. */
const ofTexts = (apply: (value: string, other: string) => Collection): FhirPathFunction => {
  const inText = ofText((value, call) => {
    const other = single(call.argument())?.value;
    return typeof other === 'string' ? apply(value, other) : nothing;
  });
  return (input, call) =>
    input.length === 0 && call.around.noTextIsNoMatch === true ? truth(false) : inText(input, call);
};

const patterns = new Map<string, RegExp>();
const pattern = (source: string): RegExp => {
  let known = patterns.get(source);
  if (known === undefined) patterns.set(source, (known = new RegExp(source, 'su')));
  return known;
};

/** A pattern as it was written; those of the definitions escape letters that need none, which the `u` flag refuses. */
const looselyMatches = (source: string, value: string): boolean => {
  try {
    return pattern(source).test(value);
  } catch {
    return new RegExp(source, 's').test(value);
  }
};

/** The functions that need nothing but their input. https://hl7.org/fhirpath/N1/#functions */
export const withoutArguments: Readonly<Record<string, ((input: Collection) => Collection) | undefined>> = {
  exists: (input) => truth(input.length > 0),
  empty: (input) => truth(input.length === 0),
  count: (input) => whole(input.length),
  allTrue: (input) => truth(input.every((item) => item.value === true)),
  first: (input) => input.slice(0, 1),
  last: (input) => input.slice(-1),
  tail: (input) => input.slice(1),
  distinct: (input) => distinct(input),
  isDistinct: (input) => truth(distinct(input).length === input.length),
  hasValue: (input) => truth(input.length === 1 && input[0]?.value !== undefined && typeof input[0].value !== 'object'),
  not(input) {
    const value = truthOf(input);
    return truth(value === undefined ? undefined : !value);
  },
  toInteger(input) {
    const value = single(input)?.value;
    if (typeof value === 'boolean') return whole(value ? 1 : 0);
    if (typeof value === 'number' && Number.isInteger(value)) return whole(value);
    return typeof value === 'string' && /^[+-]?\d+$/.test(value) ? whole(Number(value)) : nothing;
  },
  toString(input: Collection) {
    const value = single(input)?.value;
    const shown = typeof value === 'boolean' ? String(value) : typeof value === 'string' ? value : decimalText(value);
    return shown === undefined ? nothing : text(shown);
  },
};

/** The functions with arguments, and those that look around. https://hl7.org/fhirpath/N1/#functions https://hl7.org/fhir/R4/fhirpath.html#functions */
export const functions: Readonly<Record<string, FhirPathFunction | undefined>> = {
  exists: (input, call) => truth(input.some((item) => holds(item, call))),
  where: (input, call) => input.filter((item) => holds(item, call)),
  select: (input, call) => input.flatMap((item) => call.on([item])),
  all: (input, call) => truth(input.every((item) => holds(item, call))),
  trace: (input) => input,
  combine: (input, call) => [...input, ...call.argument()],
  union: (input, call) => distinct([...input, ...call.argument()]),
  intersect(input, call) {
    return distinct(input.filter(membership(call.argument())));
  },
  exclude(input, call) {
    const isOther = membership(call.argument());
    return input.filter((item) => !isOther(item));
  },
  subsetOf(input, call) {
    return truth(input.every(membership(call.argument())));
  },
  children(input, call) {
    const found = input.flatMap((item) => call.context.children.all(item));
    spend(call.around.budget, found.length);
    return found;
  },
  descendants(input, call) {
    const found: FhirNode[] = [];
    for (const item of input) call.context.children.descendants(item, found);
    spend(call.around.budget, found.length);
    return found;
  },
  extension(input, call) {
    const url = single(call.argument())?.value;
    const found: FhirNode[] = [];
    for (const item of input) call.context.children.named(item, 'extension', found);
    return found.filter(({ value }) => (value as { url?: unknown } | undefined)?.url === url);
  },
  resolve: (input, call) =>
    input
      .map((item) => targetOf(call.context.structures, item, call.around.root))
      .filter((target) => target !== undefined),
  iif: (input, call) => call.on(input, truthOf(call.on(input)) === true ? 1 : 2),
  length: ofText((value) => whole(value.length)),
  startsWith: ofTexts((value, other) => truth(value.startsWith(other))),
  endsWith: ofTexts((value, other) => truth(value.endsWith(other))),
  contains: ofTexts((value, other) => truth(value.includes(other))),
  matches: ofTexts((value, other) => truth(looselyMatches(other, value))),
  replaceMatches: ofText((value, call) => {
    const [from, to] = [single(call.argument(0))?.value, single(call.argument(1))?.value];
    return typeof from === 'string' && typeof to === 'string'
      ? text(value.replace(new RegExp(from, 'gs'), to))
      : nothing;
  }),
  substring: ofText((value, call) => {
    const start = single(call.argument(0))?.value;
    const length = single(call.argument(1))?.value;
    if (typeof start !== 'number' || start < 0 || start >= value.length) return nothing;
    return text(value.slice(start, typeof length === 'number' ? start + length : undefined));
  }),
  upper: ofText((value) => text(value.toUpperCase())),
  lower: ofText((value) => text(value.toLowerCase())),
  htmlChecks: ofText((value) => truth(onlyFormats(value) && showsSomething(value))),
};
