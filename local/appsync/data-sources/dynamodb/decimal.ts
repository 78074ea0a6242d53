import { validationError } from './api.js';

/** A number of DynamoDB, exactly: coefficient · 10^exponent. */
interface Exact {
  readonly coefficient: bigint;
  readonly exponent: number;
}

function exact(text: string): Exact {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim()) ?? [];
  if (whole + fraction === '') throw validationError('The parameter cannot be converted to a numeric value: ' + text);
  const coefficient = BigInt(whole + fraction);
  return { coefficient: sign === '-' ? -coefficient : coefficient, exponent: Number(power) - fraction.length };
}

/** Both coefficients at the smaller exponent. */
function aligned(a: Exact, b: Exact): readonly [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const at = (one: Exact): bigint => one.coefficient * 10n ** BigInt(one.exponent - exponent);
  return [at(a), at(b), exponent];
}

/** The order of two numbers: negative, 0, positive. */
export function compareNumbers(a: string, b: string): number {
  const [left, right] = aligned(exact(a), exact(b));
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The most significant digits, and the greatest magnitude, of a number. */
const maxDigits = 38;
const maxPower = 126;

/**
 * A number as DynamoDB gives it back: without zeros and signs it does not need.
 * @throws DynamoDbError for a text that is no number, or one of more than 38 digits.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
export const normalNumber = (text: string): string => written(exact(text));

/** The sum of two numbers, exactly. @throws DynamoDbError when it has more than 38 digits. */
export function addNumbers(a: string, b: string): string {
  const [left, right, exponent] = aligned(exact(a), exact(b));
  return written({ coefficient: left + right, exponent });
}

/** The first number less the second, exactly. */
export const subtractNumbers = (a: string, b: string): string => {
  const [left, right, exponent] = aligned(exact(a), exact(b));
  return written({ coefficient: left - right, exponent });
};

function written({ coefficient, exponent }: Exact): string {
  if (coefficient === 0n) return '0';
  const sign = coefficient < 0n ? '-' : '';
  const all = String(coefficient < 0n ? -coefficient : coefficient);
  const digits = all.replace(/0+$/, '');
  const power = exponent + all.length - digits.length;
  if (digits.length > maxDigits)
    throw validationError('Attempting to store more than 38 significant digits in a Number');
  if (digits.length + power > maxPower)
    throw validationError('Number overflow. Attempting to store a number with magnitude larger than supported range');
  if (digits.length + power < -129)
    throw validationError('Number underflow. Attempting to store a number with magnitude smaller than supported range');
  if (power >= 0) return sign + digits + '0'.repeat(power);
  const point = digits.length + power;
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  return `${sign}0.${'0'.repeat(-point)}${digits}`;
}
