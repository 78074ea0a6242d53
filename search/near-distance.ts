import { invalidRequest } from '../fhir/outcome.js';
import type { FhirVersion } from '../fhir/version.js';

type Parameter = readonly [string, string];

/** A parameter as it is read, and as the client wrote it. */
export interface ReadParameter {
  readonly name: string;
  readonly value: string;
  readonly written: readonly Parameter[];
}

/** The name without what stands behind the last dot or colon: where a chain leads. */
const placeOf = (name: string): string => name.slice(0, name.length - codeOf(name).length);
const codeOf = (name: string): string => /[^.:]*$/.exec(name)?.[0] ?? '';

/**
 * Joins STU3's `near` (`latitude:longitude`) to its `near-distance` (a quantity), which mean something only together.
 * https://hl7.org/fhir/STU3/location.html#positional In R4, `near` holds the distance.
 * @returns the parameters; each `near` has the value `latitude:longitude$distance`.
 * @throws OperationOutcomeError 400 when one of them is there without the other, or a distance twice.
 */
export function nearWithDistance(version: FhirVersion, parameters: readonly Parameter[]): ReadParameter[] {
  const isNear = (code: string) => version === 'stu3' && (code === 'near' || code === 'near-distance');
  const given = new Map<string, Parameter>();
  for (const parameter of parameters) {
    const [name, value] = parameter;
    if (!isNear(codeOf(name)) || value === '') continue;
    if (given.has(name)) throw invalidRequest(`${name} is there more than once`, name);
    given.set(name, parameter);
  }
  return parameters.flatMap(([name, value]): ReadParameter[] => {
    const code = codeOf(name);
    if (!isNear(code) || value === '') return [{ name, value, written: [[name, value]] }];
    const place = placeOf(name);
    const near = given.get(`${place}near`);
    const distance = given.get(`${place}near-distance`);
    if (near === undefined) throw invalidRequest(`${name} needs ${place}near beside it`, name);
    if (distance === undefined) throw invalidRequest(`${name} needs ${name}-distance beside it`, name);
    if (/[,$]/.test(value)) throw invalidRequest(`${name} takes one value`, name);
    return code === 'near' ? [{ name, value: `${value}$${distance[1]}`, written: [near, distance] }] : [];
  });
}
