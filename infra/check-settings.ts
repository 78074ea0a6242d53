import type { Settings } from './settings.js';

/** A setting that cannot be used, with the sentence that says why. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Says what may stand in a setting when it does not; nothing when it does. */
type Check = (value: unknown) => string | undefined;

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

const when =
  (fits: (value: unknown) => boolean, may: string): Check =>
  (value) =>
    fits(value) ? undefined : may;

const oneOf = (...words: readonly unknown[]): Check =>
  when((value) => words.includes(value), `it may be ${words.map(String).join(', ')}`);
const bool = oneOf(true, false);
const whole = (least: number, most: number): Check =>
  when(
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
    `it may be a whole number from ${least.toString()} to ${most.toString()}`,
  );
const text = (pattern: RegExp, may: string): Check =>
  when((value) => typeof value === 'string' && pattern.test(value), may);
const listOf =
  (check: Check, least = 0): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length < least || new Set(value).size < value.length) {
      return `it must be a list of ${least.toString()} at least, each once`;
    }
    return value.map(check).find((found) => found !== undefined);
  };
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const membersOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) => {
    const names = Object.keys(checks);
    if (!isObject(value) || Object.keys(value).sort().join() !== [...names].sort().join()) {
      return `it must have ${names.join(', ')}`;
    }
    for (const [name, check] of Object.entries(checks)) {
      const may = check(value[name]);
      if (may !== undefined) return `${name} is ${shown(value[name])}: ${may}`;
    }
    return undefined;
  };

const pageUrl = text(
  /^(https:\/\/[^\s*]+|http:\/\/localhost(:\d+)?(\/\S*)?)$/,
  'it may be URLs of https, or of http://localhost',
);
const serverUrl = text(/^https?:\/\/[^\s/]+(\/\S*)?[^\s/]$/, 'it may be a URL without a slash at the end');
const importSource = text(
  /^(s3:\/\/[a-z0-9.-]{3,63}\/([^\s,*?]*\/)?|https?:\/\/[^\s/,]+\/\S*)$/,
  'it may be folders such as s3://bucket/folder/ or https://example.org/files/',
);
const emptyOr =
  (check: Check): Check =>
  (value) =>
    value === '' ? undefined : check(value);
const sizes = oneOf('dev', 'small', 'production');
const search: Check = (value) => (isObject(value) ? membersOf({ endpoint: serverUrl })(value) : sizes(value));
/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResourceServerScopeType.html */
const scopes = listOf(text(/^[!#-.0-[\]-~]{1,256}$/, 'it may be names of scopes without "/", such as *.read'));
/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const megabytes = whole(256, 10_240);

const texts = when(
  (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'string'),
  'it may be texts by name',
);

const checks: { readonly [Name in keyof Settings]: Check } = {
  fhirVersions: listOf(oneOf('r4', 'stu3'), 1),
  region: emptyOr(text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'it may be a region such as eu-central-1')),
  tags: texts,
  removal: oneOf('retain', 'destroy'),
  deletionProtection: bool,
  search,
  searchShards: whole(1, 100),
  consistency: oneOf('eventual', 'strong'),
  authorization: oneOf('roles', 'smart', 'roles+smart'),
  smartScopes: membersOf({ patient: scopes, user: scopes, system: scopes, launch: scopes }),
  tenancy: oneOf('off', 'pooled'),
  audit: oneOf('on', 'off'),
  validation: oneOf('structure', 'invariants', 'full', 'strict'),
  conditionalDelete: oneOf('single', 'multiple'),
  console: bool,
  callbackUrls: listOf(pageUrl, 1),
  logoutUrls: listOf(pageUrl),
  signInPrefix: emptyOr(
    text(/^(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'it may be small letters, digits and "-"'),
  ),
  secondFactor: oneOf('off', 'optional', 'required'),
  accessTokenMinutes: whole(5, 1440),
  refreshTokenDays: whole(1, 3650),
  apiKeyRequired: bool,
  throttle: membersOf({ perSecond: whole(1, 10_000), burst: whole(1, 10_000), perMonth: whole(0, 1e9) }),
  publicUrl: emptyOr(serverUrl),
  introspection: bool,
  depthLimit: whole(1, 75),
  resolverLimit: whole(1, 10_000),
  jobs: membersOf({ segments: whole(1, 1000), atOnce: whole(1, 1000) }),
  importSources: listOf(importSource),
  subscriptionEndpoints: listOf(
    text(/^https?:\/\/[^\s/,?#@]+(\/[^\s,?#]*)?$/, 'it may be URLs such as https://hooks.example.org/fhir'),
  ),
  memory: membersOf({ rest: megabytes, resolvers: megabytes, indexer: megabytes, jobs: megabytes }),
  provisionedConcurrency: membersOf({ rest: whole(0, 1000), resolvers: whole(0, 1000) }),
  logLevel: oneOf('error', 'warn', 'info', 'debug'),
  logDays: oneOf(7, 14, 30, 90, 180, 365, 731),
  firewall: bool,
  firewallLimit: whole(10, 2_000_000_000),
  environment: texts,
  alarmEmail: emptyOr(text(/^[^\s@]+@[^\s@]+$/, 'it may be an address such as ops@example.org')),
};

/** Sources of imports that all tenants would share: the functions do not start with them. */
function sharedSources({ tenancy, importSources }: Readonly<Record<keyof Settings, unknown>>): readonly string[] {
  if (tenancy !== 'pooled' || !Array.isArray(importSources)) return [];
  const shared: unknown = importSources.find((each) => typeof each === 'string' && !each.includes('/{tenant}/'));
  return shared === undefined
    ? []
    : [
        `importSources has ${shown(shared)}: where tenants share the stage each has its own, such as s3://bucket/{tenant}/`,
      ];
}

/**
 * Checks settings, of whatever origin.
 * @returns the settings.
 * @throws SettingsError that names each setting which cannot be used, and what it may be.
 */
export function checkSettings(given: Readonly<Record<keyof Settings, unknown>>): Settings {
  const unknown = Object.keys(given)
    .filter((name) => !Object.hasOwn(checks, name))
    .map((name) => `${name} is no setting: see settings.ts`);
  const wrong = (Object.keys(checks) as (keyof Settings)[]).flatMap((name) => {
    const may = checks[name](given[name]);
    return may === undefined ? [] : [`${name} is ${shown(given[name])}: ${may}`];
  });
  const faults = [...unknown, ...wrong, ...sharedSources(given)];
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
  return given as Settings;
}
