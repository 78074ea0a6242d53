import { isDeepStrictEqual } from 'node:util';
import fhirpath, { type Model, type UserInvocationTable } from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import stu3 from 'fhirpath/fhir-context/stu3/index.js';
import type { Resource } from '../../fhir/resource.js';
import type { ExtractedValue, SearchParameterDefinition } from '../../fhir/search-parameter.js';
import type { FhirVersion } from '../../fhir/version.js';

/** The expressions of one (type, code) pair as the specification has them, errata applied. */
export interface PairExpressions {
  readonly expression: string;
  readonly components: readonly string[];
}

/** A case where the compiled extractor and fhirpath.js select different values. */
export interface Difference {
  /** `Patient.name`, or `Observation.code-value-date[1]` for a composite's component. */
  readonly pair: string;
  readonly resource: string;
  readonly extracted: readonly ExtractedValue[];
  readonly expected: readonly ExtractedValue[];
}

const models: Readonly<Record<FhirVersion, Model>> = {
  r4: r4 as Model,
  stu3: stu3,
};

/** Whether a reference points at a type: by its text, by what is contained, by Reference.type. Not the server's code. */
const refersTo: UserInvocationTable[string] = {
  arity: { 1: ['String'] },
  internalStructures: true,
  fn: (nodes: { data: { reference?: string; type?: string }; parentResNode: unknown }[], type: string) =>
    nodes.map(({ data }) => {
      const segments = (data.reference ?? '').replace(/\/_history\/.*$/, '').split('/');
      if (data.reference?.startsWith('#') === true) return contained.get(data.reference.slice(1)) === type;
      return segments.length > 1 ? segments.at(-2) === type : data.type === type;
    }),
};
let contained = new Map<string, string>();

const compiled = new Map<string, (resource: Resource, environment: Record<string, unknown>) => unknown[]>();

function evaluate(version: FhirVersion, expression: string, resource: Resource): unknown[] {
  const key = `${version} ${expression}`;
  let run = compiled.get(key);
  if (run === undefined) {
    run = fhirpath.compile(expression, models[version], {
      userInvocationTable: { refersTo },
    });
    compiled.set(key, run);
  }
  contained = new Map(
    ((resource['contained'] ?? []) as Resource[]).map(({ id, resourceType }) => [id ?? '', resourceType]),
  );
  return run(resource, { resource });
}

/**
 * The expression as fhirpath.js can run it offline: `resolve()` would fetch; `as` refuses several values, `ofType` is
 * the same for one and for several; and a type's name must have its own case.
 */
const runnable = (expression: string): string =>
  expression
    .replace(/resolve\(\) is (\w+)/g, "refersTo('$1')")
    .replace(/([\w.]+) as (\w+)/g, '$1.ofType($2)')
    .replace(/\.as\((\w+)\)/g, '.ofType($1)')
    .replace(/ofType\(D(ateTime|ate)\)/g, 'ofType(d$1)')
    .replace(/ofType\(U(ri)\)/g, 'ofType(u$1)')
    .replace(/ofType\(S(tring)\)/g, 'ofType(s$1)');

/** FHIRPath's own types stand for FHIR's where fhirpath.js's model says no more. */
const fhirTypes: Readonly<Record<string, string>> = { Boolean: 'boolean', String: 'id', Integer: 'integer' };

/** The alternatives of a union apart: FHIRPath's `|` also leaves out duplicates, which an index does not mind. */
const alternatives = (expression: string): string[] => [
  ...new Set(expression.split('|').map((alternative) => alternative.trim())),
];

function expectedValues(version: FhirVersion, expression: string, resource: Resource): ExtractedValue[] {
  return alternatives(expression).flatMap((alternative) => {
    const text = runnable(alternative);
    const values = evaluate(version, text, resource);
    const types = values.length === 0 ? [] : evaluate(version, `(${text}).select(type().name)`, resource);
    return values.map((value, at) => {
      const type = String(types[at]);
      return { type: fhirTypes[type] ?? type, value };
    });
  });
}

/** Whether both have the same values the same number of times; alternatives evaluated apart lose their common order. */
const sameValues = (left: readonly ExtractedValue[], right: readonly ExtractedValue[]): boolean => {
  const sorted = (values: readonly ExtractedValue[]): string[] => values.map((each) => JSON.stringify(each)).sort();
  return isDeepStrictEqual(sorted(left), sorted(right));
};

/**
 * Compares a compiled extractor (and those of its components) with fhirpath.js on one resource.
 * @param version the resource's FHIR version.
 * @param definition the pair's definition, as generated.
 * @param expressions the pair's expressions.
 * @param resource the resource.
 * @returns the differences; empty when both select the same.
 */
export function compareExtraction(
  version: FhirVersion,
  definition: SearchParameterDefinition,
  expressions: PairExpressions,
  resource: Resource,
): Difference[] {
  const pair = `${resource.resourceType}.${definition.code}`;
  const name = `${resource.resourceType}/${resource.id ?? '?'}`;
  const elements = definition.extract(resource);
  const cases = [{ pair, extracted: elements, expression: expressions.expression }];
  for (const [at, component] of definition.components.entries()) {
    const extracted = elements.flatMap((element) => component.extract(element, resource));
    const expression = alternatives(expressions.expression)
      .flatMap((element) =>
        alternatives(expressions.components[at] ?? '').map((inside) => `(${element}).select(${inside})`),
      )
      .join(' | ');
    cases.push({ pair: `${pair}[${String(at)}]`, extracted, expression });
  }
  return cases.flatMap(({ pair: place, extracted, expression }) => {
    const expected = expectedValues(version, expression, resource);
    return sameValues(extracted, expected) ? [] : [{ pair: place, resource: name, extracted, expected }];
  });
}
