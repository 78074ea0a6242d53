import { decimalNumber } from '../../fhir/json.js';
import { invalidRequest } from '../../fhir/outcome.js';
import type { ExtractedValue } from '../../fhir/search-parameter.js';
import { ucumSystem } from '../../fhir/ucum.js';
import { splitEscaped, unescaped } from '../escape.js';
import { type Prefix, readSortableNumber, sortableNumber, splitPrefix } from '../interval.js';
import type { ParameterType } from '../parameter-type.js';
import { cellOf, cellsAround, metresBetween, type Position } from '../sphere.js';
import { afterAll, separator, type TermRange, unsorted } from '../term.js';
import { canonicalUnit } from '../ucum.js';

/** What lies around a place: within a distance, or beyond it. */
export interface NearQuery {
  readonly centre: Position;
  readonly metres: number;
  /** How the distance from the centre compares with `metres`. */
  readonly comparison: 'lt' | 'le' | 'gt' | 'ge';
}

/** How near "near" is where the search does not say it, which the specification leaves to the server. */
const usualMetres = 10_000;

const decimal = /^[+-]?\d{1,20}(?:\.\d{1,40})?$/;

/** A number between two ends. */
function coordinate(text: string, most: number): number | undefined {
  const value = decimal.test(text) ? Number(text) : NaN;
  return Math.abs(value) <= most ? value : undefined;
}

function positionOf(latitude: string, longitude: string, name: string): Position {
  const [north, east] = [coordinate(latitude, 90), coordinate(longitude, 180)];
  if (north !== undefined && east !== undefined) return { latitude: north, longitude: east };
  throw invalidRequest(
    `${name} needs a latitude from -90 to 90 and a longitude from -180 to 180, not "${latitude}" and "${longitude}"`,
    name,
  );
}

/** @throws OperationOutcomeError 400 for what is no length. */
function metresOf(distance: string, unit: string, name: string): number {
  if (!/^\d{1,20}(?:\.\d{1,40})?$/.test(distance))
    throw invalidRequest(`${name} needs a distance such as 11.2, not "${distance}"`, name);
  const canonical = canonicalUnit(unit);
  if (canonical?.key === metre) return canonical.convert(Number(distance));
  throw invalidRequest(
    `${name} needs a distance in a UCUM unit of length such as km, m or [mi_i], not "${unit}"`,
    name,
  );
}

/** What UCUM's units of length are converted to. */
const metre = 'm1';

/** R4: `latitude|longitude|distance|unit`, of which the last two, or the unit, may be missing. */
function parseByBars(text: string, name: string): NearQuery {
  const [latitude = '', longitude = '', distance = '', unit = '', ...more] = splitEscaped(text, '|').map((part) =>
    unescaped(part).trim(),
  );
  if (more.length > 0 || longitude === '')
    throw invalidRequest(
      `${name} is latitude|longitude|distance|unit, such as 42.25|-83.69|11.2|km, not "${text}"`,
      name,
    );
  const metres = distance === '' ? usualMetres : metresOf(distance, unit === '' ? 'km' : unit, name);
  return { centre: positionOf(latitude, longitude, name), metres, comparison: 'le' };
}

/** STU3's prefixes of the distance: without one, it is the distance within which places are near. */
const comparisons: Readonly<Record<Prefix, NearQuery['comparison']>> = {
  eq: 'le',
  le: 'le',
  ap: 'le',
  lt: 'lt',
  eb: 'lt',
  gt: 'gt',
  sa: 'gt',
  ne: 'gt',
  ge: 'ge',
};

/** STU3: `latitude:longitude`, joined to what `near-distance` says (`nearWithDistance`). */
function parseWithDistance(place: string, quantity: string, name: string): NearQuery {
  const [latitude = '', longitude, ...others] = place.split(':').map((part) => part.trim());
  if (longitude === undefined || others.length > 0)
    throw invalidRequest(`${name} is latitude:longitude, such as 42.25:-83.69, not "${place}"`, name);
  const [first = '', system = '', code = '', ...more] = splitEscaped(quantity, '|').map((part) =>
    unescaped(part).trim(),
  );
  const { prefix, rest } = splitPrefix(first);
  const distance = `${name}-distance`;
  if (more.length > 0 || (system !== '' && system !== ucumSystem))
    throw invalidRequest(`${distance} is a distance with a UCUM unit, such as 11.2||km, not "${quantity}"`, distance);
  const metres = metresOf(rest, code === '' ? 'km' : code, distance);
  return {
    centre: positionOf(latitude, longitude, name),
    metres: prefix === 'ap' ? metres * 1.1 : metres,
    comparison: comparisons[prefix],
  };
}

function positionsOf({ value }: ExtractedValue): Position[] {
  const { latitude, longitude } = value as { latitude?: unknown; longitude?: unknown };
  const [north, east] = [decimalNumber(latitude), decimalNumber(longitude)];
  if (north === undefined || east === undefined || Math.abs(north) > 90 || Math.abs(east) > 180) return [];
  return [{ latitude: north, longitude: east }];
}

function isNear(position: Position, { centre, metres, comparison }: NearQuery): boolean {
  const between = metresBetween(position, centre);
  switch (comparison) {
    case 'lt':
      return between < metres;
    case 'le':
      return between <= metres;
    case 'gt':
      return between > metres;
    case 'ge':
      return between >= metres;
  }
}

/**
 * The positions of locations. https://hl7.org/fhir/R4/location.html#positional
 * http://hl7.org/fhir/STU3/location.html#positional
 * A position is found by the cell it is in; behind that the term holds the position itself.
 */
export const nearType: ParameterType<Position, NearQuery> = {
  modifiers: [],
  parse(text, { name }) {
    const [place = '', quantity, ...more] = splitEscaped(text, '$');
    if (more.length > 0 || place === '') throw invalidRequest(`${name} is no place, "${text}"`, name);
    return quantity === undefined ? parseByBars(place, name) : parseWithDistance(place, quantity, name);
  },
  operators: {},
  values: (extracted) => extracted.flatMap(positionsOf),
  matches: isNear,
  terms: (position) => [
    [unsorted + cellOf(position), sortableNumber(position.latitude), sortableNumber(position.longitude)].join(
      separator,
    ),
  ],
  ranges(query) {
    const within = query.comparison === 'lt' || query.comparison === 'le';
    const cells = within ? cellsAround(query.centre, query.metres) : [''];
    const accepts = (term: string): boolean => isNear(positionOfTerm(term), query);
    return {
      ranges: cells.map((cell): TermRange => ({ from: unsorted + cell, to: unsorted + cell + afterAll, accepts })),
      exact: true,
    };
  },
};

function positionOfTerm(term: string): Position {
  const [, latitude = '', longitude = ''] = term.split(separator);
  return { latitude: readSortableNumber(latitude), longitude: readSortableNumber(longitude) };
}
