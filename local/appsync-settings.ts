import { SettingsError } from '../compose/settings-error.js';

/** What the AppSync APIs are set to; on AWS `introspectionConfig`, `queryDepthLimit` and `resolverCountLimit`. */
export interface AppSyncSettings {
  /** Whether the schema may be asked for. */
  readonly introspection: boolean;
  /** The deepest nesting of fields. */
  readonly maxDepth: number;
  /** The most resolver runs of one request. */
  readonly maxResolvers: number;
}

/** AppSync's own limits, the most that may be set. https://docs.aws.amazon.com/general/latest/gr/appsync.html */
const most = { depth: 75, resolvers: 10_000 };

/**
 * Reads the settings of the AppSync APIs.
 * @param setting the text of an environment variable, or what stands for it.
 * @throws SettingsError for a value that cannot be used.
 */
export function appSyncSettingsOf(setting: (name: string, standard: string) => string): AppSyncSettings {
  const limit = (name: string, greatest: number): number => {
    const text = setting(name, String(greatest));
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= greatest) return value;
    throw new SettingsError(`${name} is "${text}": it may be a number from 1 to ${String(greatest)}`);
  };
  const introspection = setting('APPSYNC_INTROSPECTION', 'on').toLowerCase();
  if (introspection !== 'on' && introspection !== 'off') {
    throw new SettingsError(`APPSYNC_INTROSPECTION is "${introspection}": it may be on, off`);
  }
  return {
    introspection: introspection === 'on',
    maxDepth: limit('APPSYNC_DEPTH_LIMIT', most.depth),
    maxResolvers: limit('APPSYNC_RESOLVER_LIMIT', most.resolvers),
  };
}
