import { askUcum, longestUnit } from '../fhir/ucum.js';

/** The unit in which quantities of a kind are compared. */
export interface CanonicalUnit {
  /** The same for all units that can be converted to each other. */
  readonly key: string;
  /** A number of the unit as one of the canonical unit; greater ones stay greater, down to 12 significant digits. */
  readonly convert: (value: number) => number;
}

/** So many units are kept at hand. */
const mostKept = 10_000;

const units = new Map<string, CanonicalUnit | undefined>();

/**
 * The canonical unit of a UCUM unit.
 * @param code case counts.
 * @returns undefined for what is no unit, and for units that are not a multiple of a base unit: arbitrary ones
 * (`[iU]`) and logarithms (`[pH]`, `dB`). Temperatures are converted.
 * @see https://ucum.org/ucum#section-Semantics
 */
export function canonicalUnit(code: string): CanonicalUnit | undefined {
  if (code.length > longestUnit) return undefined;
  if (units.has(code)) return units.get(code);
  if (units.size >= mostKept) units.clear();
  const unit = readUnit(code);
  units.set(code, unit);
  return unit;
}

const readUnit = (code: string): CanonicalUnit | undefined =>
  askUcum(code, (ucum) => {
    const { status, magnitude, unitToExp, fromUnitIsSpecial } = ucum.convertToBaseUnits(code, 1);
    if (status !== 'succeeded' || magnitude === undefined || unitToExp === undefined) return undefined;
    const dimension = Object.entries(unitToExp)
      .map(([unit, exponent]) => unit + String(exponent))
      .sort()
      .join('.');
    if (fromUnitIsSpecial === true) {
      if (dimension !== 'K1') return undefined;
      return { key: dimension, convert: (value) => rounded(ucum.convertToBaseUnits(code, value).magnitude ?? NaN) };
    }
    // UCUM calls a mole a number: mmol/L is not to be found by a search for counts per litre.
    const moles = ucum.getSpecifiedUnit(code, 'validate').unit?.moleExp_ ?? 0;
    const key = moles === 0 ? dimension : `${dimension}:mol${String(moles)}`;
    return { key, convert: (value) => rounded(value * magnitude) };
  });

/** To 12 significant digits: 5.4 mg and 0.0054 g are the same, whatever binary fractions make of them. */
const rounded = (value: number): number => Number(value.toPrecision(12));
