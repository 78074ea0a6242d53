interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Minutes east of UTC of a time zone at a moment; `+02:00`, `GMT+2` and IANA names are known. */
function offsetMinutes(milliseconds: number, timeZone: string): number {
  const fixed = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d))?$/.exec(timeZone);
  if (fixed !== null) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0));
  if (timeZone === 'Z' || timeZone === 'UTC') return 0;
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...numeric }).formatToParts(
    milliseconds,
  );
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return Math.round((local - Math.floor(milliseconds / 1000) * 1000) / 60_000);
}
const numeric = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;

/** The pattern's letters, quoted texts and other characters. https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html */
function tokens(format: string): { letter?: string; width: number; text: string }[] {
  return [...format.matchAll(/([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z']+/g)].map((found) => {
    const [all, letter, quoted] = found;
    if (letter !== undefined) return { letter, width: all.length, text: all };
    return { width: 0, text: quoted === undefined ? all : quoted === '' ? "'" : quoted.replaceAll("''", "'") };
  });
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0');

const offsetText = (minutes: number, letter: string, width: number): string => {
  if (letter === 'X' && minutes === 0) return 'Z';
  const sign = minutes < 0 ? '-' : '+';
  const hours = pad(Math.floor(Math.abs(minutes) / 60), 2);
  const rest = pad(Math.abs(minutes) % 60, 2);
  if (letter === 'Z') return width === 5 ? `${sign}${hours}:${rest}` : `${sign}${hours}${rest}`;
  if (width === 1) return sign + hours + (rest === '00' ? '' : rest);
  return sign + hours + (width === 2 ? '' : ':') + rest;
};

/**
 * Formats a moment by a pattern of Java's DateTimeFormatter: letters y u M d H h K k m s S n a E X x Z V z and quoted text.
 * @param milliseconds since 1970.
 * @param timeZone an offset or an IANA name; UTC without one.
 * @throws RangeError for a letter that is not known here, or a time zone.
 */
export function formatTime(milliseconds: number, format: string, timeZone = 'UTC'): string {
  const offset = timeZone === 'UTC' ? 0 : offsetMinutes(milliseconds, timeZone);
  const local = new Date(milliseconds + offset * 60_000);
  const hour = local.getUTCHours();
  const named = (names: readonly string[], index: number, width: number): string =>
    (names[index] ?? '').slice(0, width === 4 ? undefined : 3);
  const written: Readonly<Record<string, (width: number) => string>> = {
    y: (width) => (width === 2 ? pad(local.getUTCFullYear() % 100, 2) : pad(local.getUTCFullYear(), width)),
    u: (width) => pad(local.getUTCFullYear(), width),
    M: (width) => (width > 2 ? named(months, local.getUTCMonth(), width) : pad(local.getUTCMonth() + 1, width)),
    d: (width) => pad(local.getUTCDate(), width),
    H: (width) => pad(hour, width),
    k: (width) => pad(hour === 0 ? 24 : hour, width),
    K: (width) => pad(hour % 12, width),
    h: (width) => pad(hour % 12 === 0 ? 12 : hour % 12, width),
    m: (width) => pad(local.getUTCMinutes(), width),
    s: (width) => pad(local.getUTCSeconds(), width),
    S: (width) => pad(local.getUTCMilliseconds(), 3).padEnd(width, '0').slice(0, width),
    n: (width) => pad(local.getUTCMilliseconds() * 1_000_000, width),
    a: () => (hour < 12 ? 'AM' : 'PM'),
    E: (width) => named(weekdays, local.getUTCDay(), width),
    X: (width) => offsetText(offset, 'X', width),
    x: (width) => offsetText(offset, 'x', width),
    Z: (width) => offsetText(offset, 'Z', width),
    V: () => timeZone,
    z: () => timeZone,
  };
  return tokens(format)
    .map(({ letter, width, text }) =>
      letter === undefined ? text : (written[letter]?.(width) ?? unknownLetter(letter)),
    )
    .join('');
}

const unknownLetter = (letter: string): never => {
  throw new RangeError(`the pattern letter ${letter} is not known here`);
};

/**
 * Reads a text by a pattern of Java's DateTimeFormatter: letters y u M d H h m s S a X x Z and quoted text.
 * @param timeZone the zone of a text that names none; UTC without one.
 * @returns milliseconds since 1970.
 * @throws RangeError when the text does not have the pattern.
 */
export function parseTime(text: string, format: string, timeZone = 'UTC'): number {
  const letters: string[] = [];
  const expression = tokens(format).map(({ letter, width, text: literal }) => {
    if (letter === undefined) return literal.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    letters.push(letter + ((letter === 'M' && width > 2) || (letter === 'y' && width === 2) ? letter : ''));
    if ('XxZ'.includes(letter)) return '(Z|[+-]\\d\\d:?(?:\\d\\d)?)';
    if (letter === 'a') return '(AM|PM)';
    if (letter === 'M' && width > 2) return '([A-Z][a-z]+)';
    return 'yuMdHhmsS'.includes(letter) ? (width > 1 ? `(\\d{${String(width)}})` : '(\\d+)') : unknownLetter(letter);
  });
  const found = new RegExp(`^${expression.join('')}$`).exec(text);
  if (found === null) throw new RangeError(`${text} is not written as ${format}`);
  const value = (letter: string): string | undefined => {
    const at = letters.indexOf(letter);
    return at < 0 ? undefined : found[at + 1];
  };
  const named = value('MM');
  const month = named === undefined ? Number(value('M') ?? 1) : months.findIndex((one) => one.startsWith(named)) + 1;
  const twelve = value('h');
  const twoDigits = value('yy');
  const fields: Fields = {
    year: twoDigits === undefined ? Number(value('y') ?? value('u') ?? 1970) : 2000 + Number(twoDigits),
    month,
    day: Number(value('d') ?? 1),
    hour: twelve === undefined ? Number(value('H') ?? 0) : (Number(twelve) % 12) + (value('a') === 'PM' ? 12 : 0),
    minute: Number(value('m') ?? 0),
    second: Number(value('s') ?? 0),
    millisecond: Number((value('S') ?? '0').padEnd(3, '0').slice(0, 3)),
  };
  const local = Date.UTC(
    fields.year,
    fields.month - 1,
    fields.day,
    fields.hour,
    fields.minute,
    fields.second,
    fields.millisecond,
  );
  const same = new Date(local);
  const isReal =
    same.getUTCMonth() === fields.month - 1 &&
    same.getUTCDate() === fields.day &&
    same.getUTCHours() === fields.hour &&
    same.getUTCMinutes() === fields.minute &&
    same.getUTCSeconds() === fields.second &&
    (twelve === undefined || (Number(twelve) >= 1 && Number(twelve) <= 12));
  if (!isReal) throw new RangeError(`${text} is no date and time`);
  const offset = value('X') ?? value('x') ?? value('Z') ?? timeZone;
  const guess = offset === 'UTC' ? 0 : offsetMinutes(local, offset);
  return local - offsetMinutes(local - guess * 60_000, offset) * 60_000;
}
