/** A setting that cannot be used; the message names the variable, what it is and what it may be. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
