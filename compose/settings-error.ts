/** A setting that cannot be used; the message names the variable, what it is and what it may be. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * A setting that may be one of a few words.
 * @throws SettingsError for any other.
 */
export function oneOf<Word extends string>(name: string, value: string, allowed: readonly Word[]): Word {
  const word = allowed.find((each) => each === value);
  if (word === undefined) throw new SettingsError(`${name} is "${value}": it may be ${allowed.join(', ')}`);
  return word;
}
