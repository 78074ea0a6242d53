/** JSON that goes from a data source through handlers: as text, or as a value whose text is made when somebody looks into it. */
export interface PassedJson {
  readonly kind: 'object' | 'list' | 'value';
  /** Its length as text in characters; of long ones exactly, of others without what strings escape. */
  length(): number;
  text(): string;
  /** The value, which nobody may change. */
  read(): unknown;
}

/** JSON that there is as text. */
export const jsonOfText = (text: string): PassedJson => ({
  kind: text.startsWith('{') ? 'object' : text.startsWith('[') ? 'list' : 'value',
  length: () => text.length,
  text: () => text,
  read: () => JSON.parse(text) as unknown,
});

/** JSON that there is as a value: null, texts, numbers, booleans, lists and plain objects of them, which nobody changes any more. */
export function jsonOfValue(value: unknown): PassedJson {
  let text: string | undefined;
  const written = (): string => (text ??= JSON.stringify(value));
  return {
    kind: Array.isArray(value) ? 'list' : typeof value === 'object' && value !== null ? 'object' : 'value',
    length: () => {
      const least = lengthOf(value);
      return least < exactFrom ? least : written().length;
    },
    text: written,
    read: () => value,
  };
}

/** A character is written as six at most: below this no limit is passed that counts five million. */
const exactFrom = 500_000;

const lengths = new WeakMap<object, number>();

/** How long a value is as text, escapes aside. What is frozen is measured once. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return String(value).length;
  const known = lengths.get(value);
  if (known !== undefined) return known;
  let length = 2;
  if (Array.isArray(value)) for (const each of value) length += lengthOf(each) + 1;
  else for (const [name, member] of Object.entries(value)) length += name.length + 4 + lengthOf(member);
  if (Object.isFrozen(value)) lengths.set(value, length);
  return length;
}
