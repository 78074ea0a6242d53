/** A rule of a definition that an expression decides. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.constraint */
export interface Invariant {
  /** `pat-1`. */
  readonly key: string;
  readonly severity: 'error' | 'warning';
  /** The rule in words. */
  readonly human: string;
  /** FHIRPath; true where the rule holds. */
  readonly expression: string;
}

/** What codegen writes of a version's invariants. */
export interface InvariantSource {
  /** Key, `e` or `w`, words and expression of each. */
  readonly invariants: readonly (readonly [string, string, string, string])[];
  /** Per type (data type, backbone path, resource type) its own invariants, as places in `invariants`. */
  readonly types: Readonly<Record<string, readonly number[]>>;
  /** The same per element, for those that its type does not have: `Organization.telecom`. */
  readonly elements: Readonly<Record<string, readonly number[]>>;
}

/** The invariants of one FHIR version. */
export interface InvariantTable {
  /** Those of every value of a type: a data type, the path of a backbone element, a resource type. */
  ofType(type: string): readonly Invariant[];
  /** Those of an element beyond its type's: `Organization.telecom`; `value[x]` with its `[x]`. */
  ofElement(path: string): readonly Invariant[];
  /** Whether the definitions have an invariant of this key and expression. */
  has(key: string, expression: string): boolean;
}

const none: readonly Invariant[] = [];

/** Makes the invariants of a version from what codegen wrote. */
export function invariantTable({ invariants, types, elements }: InvariantSource): InvariantTable {
  const all = invariants.map(([key, severity, human, expression]): Invariant => {
    return { key, severity: severity === 'e' ? 'error' : 'warning', human, expression };
  });
  const read = (places: Readonly<Record<string, readonly number[]>>): ReadonlyMap<string, readonly Invariant[]> =>
    new Map(Object.entries(places).map(([name, list]) => [name, list.flatMap((place) => all[place] ?? [])]));
  const [byType, byElement] = [read(types), read(elements)];
  const known = new Set(all.map(({ key, expression }) => `${key} ${expression}`));
  return {
    has: (key, expression) => known.has(`${key} ${expression}`),
    ofType: (type) => byType.get(type) ?? none,
    ofElement: (path) => byElement.get(path) ?? none,
  };
}
