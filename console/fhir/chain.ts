import type { Capabilities, SearchParameter } from './capabilities.js';

/** What a parameter of a search is made of, as far as it is written. */
interface Chain {
  /** The types whose parameter stands at the end. */
  readonly types: readonly string[];
  /** What stands before it: `subject:Patient.`, `_has:Observation:patient:`. */
  readonly before: string;
  /** The type of the parameter at the end; undefined for what is not known. */
  readonly type: string | undefined;
}

const parameterOf = (capabilities: Capabilities, type: string, code: string): SearchParameter | undefined =>
  capabilities.types.get(type)?.parameters.find((each) => each.code === code);

/** Follows `_has` and chains. https://hl7.org/fhir/R4/search.html#chaining https://hl7.org/fhir/R4/search.html#has */
export function chainOf(capabilities: Capabilities, type: string, text: string): Chain {
  let types: readonly string[] = [type];
  let [before, rest] = ['', text];
  for (;;) {
    const [whole, from] = /^_has:([A-Z]\w*):[\w-]+:/.exec(rest) ?? [];
    const link = /^([\w-]+)(?::([A-Z]\w*))?\./.exec(rest);
    if (whole !== undefined && from !== undefined) {
      types = [from];
      before += whole;
      rest = rest.slice(whole.length);
    } else if (link !== null) {
      const [step, code = '', target] = link;
      const targets = types.flatMap((each) => parameterOf(capabilities, each, code)?.targets ?? []);
      types = target === undefined ? [...new Set(targets)] : [target];
      before += step;
      rest = rest.slice(step.length);
    } else break;
  }
  const found = types.map((each) => parameterOf(capabilities, each, rest)).find((each) => each !== undefined);
  return { types, before, type: found?.type };
}

/** A parameter that may be written next, and what it is. */
export interface Suggestion {
  readonly id: string;
  readonly hint: string;
}

/** Types whose parameters are suggested at most: a reference to any type leads to all of them. */
const mostTypes = 12;

/**
 * What a parameter may be: those of the type, chains through its references, `_has` by what refers to it; what begins with the
 * text before what has it elsewhere.
 */
export function suggestionsFor(capabilities: Capabilities, type: string, text: string): readonly Suggestion[] {
  const { types, before } = chainOf(capabilities, type, text);
  const of = types.slice(0, mostTypes).flatMap((each) => {
    const found = capabilities.types.get(each);
    return found === undefined ? [] : [found];
  });
  const parameters = new Map(of.flatMap((each) => each.parameters).map((each) => [each.code, each]));
  const plain = [...parameters.values()].flatMap(({ code, type: kind, targets }): readonly Suggestion[] => [
    { id: `${before}${code}`, hint: kind },
    ...(kind === 'reference'
      ? targets.slice(0, 4).map((target) => ({ id: `${before}${code}:${target}.`, hint: `by its ${target}` }))
      : []),
  ]);
  const reverse = of.length === 1 ? (of[0]?.revIncludes ?? []) : [];
  const all = [
    ...plain,
    ...reverse.map((each) => ({ id: `${before}_has:${each}:`, hint: `by ${each.split(':')[0] ?? ''} about it` })),
  ];
  return all.toSorted((a, b) => Number(b.id.startsWith(text)) - Number(a.id.startsWith(text)));
}

/** Something that a search may also bring. */
export interface Bringing extends Suggestion {
  readonly text: string;
}

/**
 * What a search of a type may also bring: what it refers to, what refers to it, and from there on.
 * @param brought pairs such as `_include`, `Observation:subject`, that it brings already.
 */
export function bringings(
  capabilities: Capabilities,
  type: string,
  brought: readonly { readonly key: string; readonly value: string }[],
): readonly Bringing[] {
  const of = (each: string): { readonly includes: readonly string[]; readonly revIncludes: readonly string[] } =>
    capabilities.types.get(each) ?? { includes: [], revIncludes: [] };
  const reached = brought.flatMap(({ key, value }) => {
    const [from = '', code = '', target] = value.split(':');
    if (key.startsWith('_rev')) return [from];
    return target === undefined ? (parameterOf(capabilities, from, code)?.targets ?? []) : [target];
  });
  const further = [...new Set(reached)].filter((each) => each !== type).slice(0, mostTypes);
  return [
    ...of(type).includes.map((text) => ({ id: `_include=${text}`, text, hint: 'what it refers to' })),
    ...of(type).revIncludes.map((text) => ({ id: `_revinclude=${text}`, text, hint: 'what refers to it' })),
    ...further.flatMap((each) =>
      of(each).includes.map((text) => ({ id: `_include:iterate=${text}`, text, hint: `from the ${each} on` })),
    ),
  ];
}
