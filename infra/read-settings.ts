import { readFileSync } from 'node:fs';
import { checkSettings, SettingsError } from './check-settings.js';
import { defaults, type Settings, stages } from './settings.js';

/** The settings of a stage, with its name. */
export interface Stage extends Settings {
  readonly stage: string;
}

/**
 * The settings of a stage.
 * @param stage its name in `stages`.
 * @param file of JSON with settings that take the place of the stage's, for tests and machines; none without it.
 * @throws SettingsError for a stage that there is not and for settings that cannot be used.
 */
export function readSettings(stage: string, file?: string): Stage {
  const own = stages[stage];
  if (own === undefined) {
    throw new SettingsError(`There is no stage ${stage} in settings.ts: there are ${Object.keys(stages).join(', ')}`);
  }
  if (!/^[a-z][a-z0-9]{0,11}$/.test(stage)) {
    throw new SettingsError(`The stage ${stage} must have small letters and digits, a letter first, 12 at most`);
  }
  return { ...checkSettings({ ...defaults, ...own, ...(file === undefined ? {} : readFile(file)) }), stage };
}

function readFile(file: string): object {
  try {
    const given: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given;
  } catch (error) {
    throw new SettingsError(`${file} cannot be read: ${(error as Error).message}`);
  }
  throw new SettingsError(`${file} is no JSON object of settings`);
}
