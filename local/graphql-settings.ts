import { type GraphqlLimits, standardLimits } from '../graphql/limits.js';
import { SettingsError } from '../compose/settings-error.js';

/**
 * Reads what one `$graphql` may take: `GRAPHQL_DEPTH`, `GRAPHQL_FIELDS`, …, and `GRAPHQL_INTROSPECTION`.
 * @param setting gives a variable, or what stands for it when it is not set.
 * @throws SettingsError for what is no number from 1, or not `on` or `off`.
 */
export function graphqlLimitsOf(setting: (name: string, standard: string) => string): GraphqlLimits {
  const limit = (name: Exclude<keyof GraphqlLimits, 'introspection'>): number => {
    const variable = `GRAPHQL_${name.toUpperCase()}`;
    const text = setting(variable, String(standardLimits[name]));
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new SettingsError(`${variable} is "${text}": it must be a number from 1`);
  };
  const introspection = setting('GRAPHQL_INTROSPECTION', 'on').toLowerCase();
  if (introspection !== 'on' && introspection !== 'off') {
    throw new SettingsError(`GRAPHQL_INTROSPECTION is "${introspection}": it may be on, off`);
  }
  return {
    depth: limit('depth'),
    fields: limit('fields'),
    aliases: limit('aliases'),
    searches: limit('searches'),
    resources: limit('resources'),
    values: limit('values'),
    introspection: introspection === 'on',
  };
}
