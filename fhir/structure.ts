/** One element of a type, enough for structural validation. */
export interface ElementRule {
  /** As the definition has it: `birthDate`; `value[x]` where the JSON name carries the type. */
  readonly name: string;
  /** The FHIR data types allowed, or the path of a backbone element; several only for `value[x]`. */
  readonly types: readonly string[];
  readonly min: number;
  /** The greatest number of repetitions, Infinity for `*`. */
  readonly max: number;
  /**
   * The codes a required binding allows, where they can be listed: of a `code` as they are, of a Coding, a
   * CodeableConcept or a Quantity as `system|code`.
   */
  readonly codes?: readonly string[];
  /** The resource types that a Reference may point at; any without it. */
  readonly targets?: readonly string[];
  /** Whether it is part of summaries. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.isSummary */
  readonly isSummary: boolean;
  /** Whether it changes the meaning of others. https://hl7.org/fhir/R4/conformance-rules.html#isModifier */
  readonly isModifier: boolean;
}

/** A JSON member of a type: its element and the one data type this name stands for. */
export interface Member {
  readonly rule: ElementRule;
  /** A data type, or the path of a backbone element. */
  readonly type: string;
  readonly isPrimitive: boolean;
  /** The place as FHIRPath: `birthDate`, `value.ofType(Quantity)`. */
  readonly expression: string;
  /** The codes of the rule, to look up in. */
  readonly codes: ReadonlySet<string> | undefined;
  /** The targets of the rule, to look up in. */
  readonly targets: ReadonlySet<string> | undefined;
}

/** An element that must be there, with the JSON names it may have. */
interface RequiredElement {
  readonly name: string;
  readonly min: number;
  readonly jsonNames: readonly string[];
}

/** The structural rules of one FHIR version. */
export interface StructureTable {
  /** The concrete resource types, sorted. */
  readonly resourceTypes: readonly string[];
  /** Whether `type` is a concrete resource type. */
  isResourceType(type: string): boolean;
  /** Whether there is a type of this name: a data type or a resource type, abstract ones included. */
  isType(type: string): boolean;
  /** The elements of a type (data type, backbone path such as `Patient.contact`, or resource type), in order. */
  elements(type: string): readonly ElementRule[];
  /** The members of a type by JSON name (`valueQuantity`), without `resourceType` and the `_` siblings of primitives. */
  members(type: string): ReadonlyMap<string, Member>;
  /** The elements of a type that must be there. */
  required(type: string): readonly RequiredElement[];
}

/** What codegen writes of a version's types. */
export interface StructureSource {
  /** Names, separated by spaces. */
  readonly resources: string;
  /** Names, separated by spaces. */
  readonly primitives: string;
  /** The types that an element may have where the definitions leave it open, separated by `|`. */
  readonly open: string;
  /** Codes of a value set (`system|code` where they are not of a `code`), separated by spaces. */
  readonly codes: readonly string[];
  /** Resource types that references of an element may point at, separated by spaces. */
  readonly targets: readonly string[];
  /**
   * Per type or backbone path its elements, separated by spaces: name, cardinality (`?` 0..1, `!` 1..1, `*` 0..*,
   * `+` 1..*, else `{min,max}`), `~` in summaries, `$` for a modifier, types separated by `|` (`.` for the backbone
   * element of that name, `*` for `open`), `=` with an index into `codes`, and `>` with one into `targets`. `^Type` first
   * stands for the elements of Type.
   */
  readonly types: Readonly<Record<string, string>>;
}

const cardinalities: Readonly<Record<string, readonly [number, number]>> = {
  '?': [0, 1],
  '!': [1, 1],
  '*': [0, Infinity],
  '+': [1, Infinity],
};
const elementPattern = /^([A-Za-z][A-Za-z0-9]*(?:\[x\])?)([?!*+]|\{\d+,\d+\})(~?)(\$?)([^=>]+)(?:=(\d+))?(?:>(\d+))?$/;

const cardinality = (text: string): readonly [number, number] => {
  const [min, max] = text.slice(1, -1).split(',');
  return cardinalities[text] ?? [Number(min), Number(max)];
};

/** An element with where its lists are. */
interface ReadElement extends ElementRule {
  readonly codesAt?: string;
  readonly targetsAt?: string;
}

/** Where the types of a table are read from, each when it is first asked for. */
const memoised = <T>(read: (type: string) => T): ((type: string) => T) => {
  const known = new Map<string, T>();
  return (type) => {
    let value = known.get(type);
    if (value === undefined) {
      value = read(type);
      known.set(type, value);
    }
    return value;
  };
};

/**
 * Makes the structural rules from what codegen wrote; types are read when they are first asked for.
 * @param source the generated text.
 * @returns the table; `elements` and `members` throw for a type the version does not have.
 */
export function structureTable(source: StructureSource): StructureTable {
  const resourceTypes = source.resources.split(' ');
  const isResource = new Set(resourceTypes);
  const isPrimitive = new Set(source.primitives.split(' '));
  const codeLists = memoised((index) => (source.codes[Number(index)] ?? '').split(' '));
  const codeSets = memoised((index) => new Set(codeLists(index)));
  const targetLists = memoised((index) => (source.targets[Number(index)] ?? '').split(' '));
  const targetSets = memoised((index) => new Set(targetLists(index)));

  const readElement = (owner: string, text: string): ReadElement => {
    const [, name, size, summary, modifier, types, codesAt, targetsAt] = elementPattern.exec(text) ?? [];
    if (name === undefined || size === undefined || types === undefined) {
      throw new Error(`The generated element ${text} of ${owner} cannot be read`);
    }
    const [min, max] = cardinality(size);
    return {
      name,
      types: types === '.' ? [`${owner}.${name}`] : (types === '*' ? source.open : types).split('|'),
      min,
      max,
      isSummary: summary !== '',
      isModifier: modifier !== '',
      ...(codesAt === undefined ? {} : { codes: codeLists(codesAt), codesAt }),
      ...(targetsAt === undefined ? {} : { targets: targetLists(targetsAt), targetsAt }),
    };
  };

  const elements = memoised((type): readonly ReadElement[] => {
    const text = Object.hasOwn(source.types, type) ? source.types[type] : undefined;
    if (text === undefined) throw new Error(`There is no type ${type} in the generated structures`);
    return text
      .split(' ')
      .flatMap((each) => (each.startsWith('^') ? elements(each.slice(1)) : readElement(type, each)));
  });

  const members = memoised((type): ReadonlyMap<string, Member> => {
    const byName = new Map<string, Member>();
    for (const rule of elements(type)) {
      const choice = rule.name.endsWith('[x]') ? rule.name.slice(0, -3) : undefined;
      for (const each of rule.types) {
        byName.set(choice === undefined ? rule.name : choice + each.charAt(0).toUpperCase() + each.slice(1), {
          rule,
          type: each,
          isPrimitive: isPrimitive.has(each),
          expression: choice === undefined ? rule.name : `${choice}.ofType(${each})`,
          codes: rule.codesAt === undefined ? undefined : codeSets(rule.codesAt),
          targets: rule.targetsAt === undefined || each !== 'Reference' ? undefined : targetSets(rule.targetsAt),
        });
      }
    }
    return byName;
  });

  const required = memoised((type): readonly RequiredElement[] => {
    const all = [...members(type)];
    return elements(type)
      .filter(({ min }) => min > 0)
      .map((rule) => ({
        name: rule.name,
        min: rule.min,
        jsonNames: all.filter(([, member]) => member.rule === rule).map(([name]) => name),
      }));
  });

  return {
    resourceTypes,
    isResourceType: (type) => isResource.has(type),
    isType: (type) => Object.hasOwn(source.types, type) || isPrimitive.has(type),
    elements,
    members,
    required,
  };
}
