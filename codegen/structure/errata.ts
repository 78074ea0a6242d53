import type { ElementDefinition, SourceDefinitions } from '../definitions.js';

type Constraint = ElementDefinition['constraints'][number];

/** An invariant whose expression says something else than its words, and what it should say. */
interface Erratum {
  readonly version: SourceDefinitions['version'];
  readonly key: string;
  readonly published: string;
  readonly corrected: string;
}

/** The corrections of the specification's invariants: of those that say nothing where they mean that all is well. */
const errata: readonly Erratum[] = [
  ...(['r4', 'stu3'] as const).map((version) => {
    const published =
      version === 'r4'
        ? 'probability is decimal implies (probability as decimal) <= 100'
        : 'probability is decimal implies probability.as(decimal) <= 100';
    return { version, key: 'ras-2', published, corrected: `probability.exists() implies (${published})` };
  }),
  {
    version: 'stu3',
    key: 'eld-12',
    published:
      "valueSet.is(uri).not() or valueSet.as(uri).startsWith('http:') or valueSet.as(uri).startsWith('https') or valueSet.as(uri).startsWith('urn:')",
    corrected:
      "valueSet.empty() or valueSet.is(uri).not() or valueSet.as(uri).startsWith('http:') or valueSet.as(uri).startsWith('https') or valueSet.as(uri).startsWith('urn:')",
  },
  {
    version: 'stu3',
    key: 'obs-7',
    published: 'value.empty() or code!=component.code',
    corrected: 'value.empty() or component.code.empty() or code!=component.code',
  },
  {
    version: 'stu3',
    key: 'opd-2',
    published: "searchType implies type = 'string'",
    corrected: "searchType.exists() implies type = 'string'",
  },
  {
    version: 'stu3',
    key: 'sdf-8',
    // Quotes that were escaped twice.
    published:
      "(%resource.kind = #39;.logical#39;. or element.first().path = %resource.type) and element.tail().all(path.startsWith(%resource.snapshot.element.first().path&'.'))",
    corrected:
      "(%resource.kind = 'logical' or element.first().path = %resource.type) and element.tail().all(path.startsWith(%resource.snapshot.element.first().path&'.'))",
  },
];

/**
 * Errors that only warn here: narrative that shows nothing (txt-2) is in examples of HL7's own, of both versions, and
 * hurts nobody.
 */
const onlyWarn: ReadonlySet<string> = new Set(['txt-2']);

/**
 * Errors that only warn where HL7's own examples break them and nothing depends on them: entries of collections that
 * share a fullUrl (nothing is resolved there; `dataelements` has some by the hundred), and logical models without a
 * base (R4's `definition`, `event`, `fivews`, `request`: they have none to name).
 */
const warnsWhere: Readonly<Record<string, string>> = {
  'bdl-7': "type = 'collection'",
  'sdf-4': "kind = 'logical'",
};

/** A constraint as it should read; two where it errs and warns in different places. */
export function correctedConstraints(version: SourceDefinitions['version'], constraint: Constraint): Constraint[] {
  const { key, expression = '' } = constraint;
  const erratum = errata.find((each) => each.version === version && each.key === key && each.published === expression);
  const corrected = erratum === undefined ? constraint : { ...constraint, expression: erratum.corrected };
  if (onlyWarn.has(key)) return [{ ...corrected, severity: 'warning' }];
  const condition = warnsWhere[key];
  if (condition === undefined) return [corrected];
  return [
    { ...corrected, expression: `${condition} or (${expression})` },
    { ...corrected, severity: 'warning', expression: `(${condition}).not() or (${expression})` },
  ];
}
