import { decimalText } from '../json.js';

/**
 * Whether two JSON values are equal as JSON Patch compares them: members in any order, numbers by their value
 * (`1.0` is `1`, whatever their digits). https://www.rfc-editor.org/rfc/rfc6902#section-4.6
 */
export function sameJson(one: unknown, other: unknown): boolean {
  // Pairs in place of recursion: values may be nested deeper than calls may be.
  const open: [unknown, unknown][] = [[one, other]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [left, right] = pair;
    const number = decimalText(left);
    if (number !== undefined) {
      const compared = decimalText(right);
      if (compared === undefined || normal(number) !== normal(compared)) return false;
    } else if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null) {
      if (left !== right) return false;
    } else {
      if (Array.isArray(left) !== Array.isArray(right) || decimalText(right) !== undefined) return false;
      const names = Object.keys(left);
      if (names.length !== Object.keys(right).length) return false;
      for (const name of names) {
        if (!Object.hasOwn(right, name)) return false;
        open.push([Reflect.get(left, name), Reflect.get(right, name)]);
      }
    }
  }
  return true;
}

/** One text for all ways to write a number: its digits without zeros at the ends, and the power of ten they stand at. */
function normal(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  if (short === '') return '0';
  if (power.length > 20) return text; // no number of FHIR comes near
  const exponent = BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - short.length);
  return `${sign}${short}e${String(exponent)}`;
}
