import type { FhirVersion } from '../version.js';
import type { CodeSystem, ConceptDefinition, ConceptProperty, Designation } from './code-system.js';
import { ruledSystem, ruledSystems } from './ruled.js';
import type { ConceptSet, ValueSet } from './value-set.js';

/** A value and its language, use (system, code, display); 0 for what is missing. */
type DesignationRow = readonly [string, (string | 0)?, (string | 0)?, (string | 0)?, string?];
/** A code, the value and the name behind `value`, which is `Code` unless it is there. */
type PropertyRow = readonly [string, unknown, string?];
/** Depth, code, display, definition, properties, designations; 0 for what is missing. */
type ConceptRow = readonly [
  number,
  string,
  (string | 0)?,
  (string | 0)?,
  (readonly PropertyRow[] | 0)?,
  (readonly DesignationRow[])?,
];

/** By URL: the elements of the code system itself, and its concepts in document order. */
export type GeneratedCodeSystems = Readonly<
  Record<string, () => readonly [Partial<CodeSystem>, readonly ConceptRow[]]>
>;

/** A code whose display is the one of its code system, or code, display and designations. */
type IncludedRow = string | readonly [string, (string | 0)?, (readonly DesignationRow[])?];
type ConceptSetRow = Omit<ConceptSet, 'concept'> & { readonly concept?: readonly IncludedRow[] };

/** By URL: the elements of the value set itself, what it includes and excludes, and `compose.inactive`. */
export type GeneratedValueSets = Readonly<
  Record<string, () => readonly [Partial<ValueSet>, readonly ConceptSetRow[], (readonly ConceptSetRow[])?, boolean?]>
>;

/** The code systems and value sets of the definitions of one FHIR version, and the code systems that are rules. */
export interface BaseTerminology {
  /** @param url without a version. */
  codeSystem(url: string): CodeSystem | undefined;
  /** The URLs of all code systems, sorted. */
  codeSystems(): readonly string[];
  /** @param url without a version. */
  valueSet(url: string): ValueSet | undefined;
}

/** Imports with constant paths, so that a bundler sees them; only the version asked for is read, when it is asked for. */
const generated: Readonly<
  Record<FhirVersion, () => Promise<{ codeSystems: GeneratedCodeSystems; valueSets: GeneratedValueSets }>>
> = {
  r4: () => import('../generated/r4/terminology.js'),
  stu3: () => import('../generated/stu3/terminology.js'),
};

const loaded = new Map<FhirVersion, Promise<BaseTerminology>>();

/**
 * Loads the code systems and value sets of the definitions of a FHIR version.
 * @returns them; the same object every time. Each resource is made when it is first asked for.
 */
export function loadBaseTerminology(version: FhirVersion): Promise<BaseTerminology> {
  let terminology = loaded.get(version);
  if (terminology === undefined) {
    terminology = generated[version]().then(({ codeSystems, valueSets }) => ({
      codeSystem: orRuled(byUrl(codeSystems, codeSystemOf)),
      codeSystems: () => [...Object.keys(codeSystems), ...ruledSystems].sort(),
      valueSet: byUrl(valueSets, valueSetOf),
    }));
    loaded.set(version, terminology);
  }
  return terminology;
}

const orRuled =
  (listed: BaseTerminology['codeSystem']): BaseTerminology['codeSystem'] =>
  (url) =>
    listed(url) ?? ruledSystem(url);

function byUrl<Row, Resource extends CodeSystem | ValueSet>(
  rows: Readonly<Record<string, () => Row>>,
  make: (url: string, row: Row) => Resource,
): (url: string) => Resource | undefined {
  const made = new Map<string, Resource>();
  return (url) => {
    const known = made.get(url);
    const row = known === undefined && Object.hasOwn(rows, url) ? rows[url] : undefined;
    if (row === undefined) return known;
    const resource = make(url, row());
    made.set(url, resource);
    return resource;
  };
}

const designationOf = ([value, language, system, code, display]: DesignationRow): Designation => ({
  ...(language === undefined || language === 0 ? {} : { language }),
  ...(system === undefined && code === undefined
    ? {}
    : { use: { ...present('system', system), ...present('code', code), ...present('display', display) } }),
  value,
});

const present = (name: string, value: unknown): object => (value === undefined || value === 0 ? {} : { [name]: value });

const list = <Item>(name: string, items: readonly Item[] | 0 | undefined, make: (item: Item) => object): object =>
  items === undefined || items === 0 ? {} : { [name]: items.map(make) };

const propertyOf = ([code, value, type = 'Code']: PropertyRow): ConceptProperty => ({ code, [`value${type}`]: value });

function codeSystemOf(url: string, [head, rows]: ReturnType<GeneratedCodeSystems[string]>): CodeSystem {
  type Draft = ConceptDefinition & { concept?: Draft[] };
  const top: Draft[] = [];
  const path: Draft[] = [];
  for (const [depth, code, display, definition, property, designation] of rows) {
    const concept: Draft = {
      code,
      ...present('display', display),
      ...present('definition', definition),
      ...list('designation', designation, designationOf),
      ...list('property', property, propertyOf),
    };
    const parent = depth === 0 ? undefined : path[depth - 1];
    if (parent === undefined) top.push(concept);
    else (parent.concept ??= []).push(concept);
    path[depth] = concept;
  }
  return { resourceType: 'CodeSystem', url, ...head, ...(top.length === 0 ? {} : { concept: top }) };
}

function valueSetOf(url: string, [head, include, exclude, inactive]: ReturnType<GeneratedValueSets[string]>): ValueSet {
  const sets = (name: string, rows: readonly ConceptSetRow[] | undefined): object =>
    rows === undefined || rows.length === 0 ? {} : { [name]: rows.map(conceptSetOf) };
  const compose = {
    ...(inactive === undefined ? {} : { inactive }),
    ...sets('include', include),
    ...sets('exclude', exclude),
  };
  return { resourceType: 'ValueSet', url, ...head, compose };
}

const conceptSetOf = ({ concept, ...rest }: ConceptSetRow): ConceptSet => ({
  ...rest,
  ...(concept === undefined
    ? {}
    : {
        concept: concept.map((row) => {
          if (typeof row === 'string') return { code: row };
          const [code, display, designation] = row;
          return { code, ...present('display', display), ...list('designation', designation, designationOf) };
        }),
      }),
});
