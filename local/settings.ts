import { resolve } from 'node:path';
import { type Authorization, authorizations } from '../auth/authorizers.js';
import type { GraphqlLimits } from '../graphql/limits.js';
import type { AllowedEndpoints } from '../indexer/endpoint.js';
import { conditionalDeletes, type ConditionalDelete, validations, type Validation } from '../interactions/server.js';
import { type AppSyncSettings, appSyncSettingsOf } from './appsync-settings.js';
import { type TrustedProxies, trustedProxiesOf } from './client-address.js';
import { graphqlLimitsOf } from './graphql-settings.js';
import { readAllowedEndpoints } from '../compose/allowed-endpoints.js';
import { oneOf, SettingsError } from '../compose/settings-error.js';
import { requireOwnSources, tenancyOf, tenantMark } from '../compose/tenancy-settings.js';
import type { Tenancy } from '../interactions/tenancy.js';

/** What the embedded server is told by its environment; see docs/environment-variables.md. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  /** An absolute path: the store, the sign-in keys and the page key live in it. */
  readonly dataFolder: string;
  readonly logLevel: string;
  readonly auth: 'on' | 'off';
  /** Whether it speaks https, with a certificate made at the first start; false without it. */
  readonly tls?: boolean;
  /** Which authorization component counts. */
  readonly authorization: Authorization;
  /** Whether requests are recorded as AuditEvents. */
  readonly audit: 'on' | 'off';
  readonly validation: Validation;
  readonly conditionalDelete: ConditionalDelete;
  /** What the AppSync APIs are set to; AppSync's own limits without it. */
  readonly appsync?: AppSyncSettings;
  /** Absolute paths of packages of implementation guides. */
  readonly implementationGuides: readonly string[];
  /** What the URLs that `$import` reads begin with; it is not served without any. */
  readonly importSources?: readonly string[];
  /** The URL by which clients know this server, no slash at the end. */
  readonly publicUrl: string;
  /** Whether PUBLIC_URL says so: then links begin with it, whatever host a request names. */
  readonly isPublicUrlSet: boolean;
  /** What local users sign in with; undefined when the documented password counts, for who comes from this machine. */
  readonly signInPassword: string | undefined;
  /** The secret of the application that gets tokens without a user; there is none without it. */
  readonly applicationSecret: string | undefined;
  /** A file with the public keys of that application, by which it authenticates instead. */
  readonly applicationKeys: string | undefined;
  /** Whose `X-Forwarded-For` tells where a sign-in comes from; nobody's when empty. */
  readonly trustedProxies?: TrustedProxies;
  /** How many requests a second one caller may make; any number without it. */
  readonly rateLimit?: number;
  /** What one `$graphql` may take; the standard without it. */
  readonly graphqlLimits?: GraphqlLimits;
  /** Where FHIR Subscriptions may have notifications sent; nobody is notified without it. */
  readonly subscriptions?: AllowedEndpoints;
  /** How tenants share this server; it is one tenant's without it. */
  readonly tenancy?: Tenancy;
  /** What holds resources and their search index. */
  readonly engines: Engines;
}

/** LMDB in this process, or DynamoDB and OpenSearch. */
export type Engines = { readonly kind: 'embedded' } | AwsEngines;

/** Where DynamoDB and OpenSearch are, and how they are used. */
export interface AwsEngines {
  readonly kind: 'aws';
  /** AWS's own without it. */
  readonly dynamoDbEndpoint: string | undefined;
  readonly openSearchEndpoint: string;
  /** Where bodies too large for an item are; without it files of this machine beside a DynamoDB of this machine. */
  readonly bodies: { readonly bucket: string; readonly endpoint: string | undefined } | undefined;
  /** The SDK finds it, or not, without it. */
  readonly region: string | undefined;
  /** What the names of tables and indices begin with. */
  readonly prefix: string;
  /** Whether tables and indices that are not there are made. */
  readonly createMissing: boolean;
  /** When searches see a write, unless a request says so. */
  readonly consistency: 'eventual' | 'strong';
  /** How long calls of the engines may take that a request makes, together, in milliseconds. */
  readonly requestTimeout: number;
}

export { SettingsError };

const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'];
const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535)
    throw new SettingsError(`PORT is "${text}": it must be a number from 0 to 65535`);
  return port;
}

const localUrl = (text: string): boolean => loopback.test(new URL(text).hostname.replace(/^\[|\]$/g, ''));

function enginesOf(setting: (name: string, standard: string) => string): Engines {
  if (oneOf('ENGINES', setting('ENGINES', 'embedded'), ['embedded', 'aws']) === 'embedded') return { kind: 'embedded' };
  const endpoint = (name: string): string | undefined => {
    const text = setting(name, '').replace(/\/+$/, '');
    if (text === '') return undefined;
    if (!/^https?:/.test(text) || !URL.canParse(text)) {
      throw new SettingsError(`${name} is no URL such as http://127.0.0.1:8000`); // it may hold a password
    }
    return text;
  };
  const dynamoDbEndpoint = endpoint('DYNAMODB_ENDPOINT');
  const openSearchEndpoint = endpoint('OPENSEARCH_ENDPOINT');
  if (openSearchEndpoint === undefined) throw new SettingsError('ENGINES=aws needs OPENSEARCH_ENDPOINT');
  const s3Endpoint = endpoint('S3_ENDPOINT');
  const bucket = setting('BODIES_BUCKET', '');
  const isLocal =
    dynamoDbEndpoint !== undefined &&
    localUrl(dynamoDbEndpoint) &&
    localUrl(openSearchEndpoint) &&
    (bucket === '' || (s3Endpoint !== undefined && localUrl(s3Endpoint)));
  if (bucket !== '' && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new SettingsError(`BODIES_BUCKET is "${bucket}": it may have small letters, digits, "-" and ".", 3 to 63`);
  }
  const prefix = setting('TABLE_PREFIX', 'fhir');
  if (!/^[a-z][a-z0-9-]{0,99}$/.test(prefix)) {
    throw new SettingsError(`TABLE_PREFIX is "${prefix}": it may have small letters, digits and "-", a letter first`);
  }
  const region = setting('AWS_REGION', isLocal ? 'us-east-1' : '');
  return {
    kind: 'aws',
    dynamoDbEndpoint,
    openSearchEndpoint,
    bodies: bucket === '' ? undefined : { bucket, endpoint: s3Endpoint },
    region: region === '' ? undefined : region,
    prefix,
    createMissing: oneOf('CREATE_MISSING', setting('CREATE_MISSING', isLocal ? 'on' : 'off'), ['on', 'off']) === 'on',
    consistency:
      oneOf('CONSISTENCY', setting('CONSISTENCY', 'eventual'), ['eventual', 'strong']) === 'strong'
        ? 'strong'
        : 'eventual',
    requestTimeout: requestTimeoutOf(setting('REQUEST_TIMEOUT', '25')),
  };
}

function rateLimitOf(text: string): Pick<Settings, 'rateLimit'> {
  if (text === '') return {};
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new SettingsError(
      `RATE_LIMIT is "${text}": it must be how many requests a second a caller may make, 1 to 999999`,
    );
  }
  return { rateLimit: Number(text) };
}

/** REQUEST_TIMEOUT, in milliseconds. */
function requestTimeoutOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 1 && seconds <= 3600))
    throw new SettingsError(`REQUEST_TIMEOUT is "${text}": it must be seconds from 1 to 3600`);
  return seconds * 1000;
}

function applicationSecretOf(text = ''): string | undefined {
  if (text === '') return undefined;
  if (text.length < 32) throw new SettingsError('APPLICATION_SECRET must have 32 characters at least');
  return text;
}

function applicationKeysOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { APPLICATION_JWKS: path = '', APPLICATION_SECRET: secret = '' } = environment;
  if (path !== '' && secret !== '') {
    throw new SettingsError('The application authenticates by APPLICATION_SECRET or by APPLICATION_JWKS, not by both');
  }
  return path === '' ? undefined : path;
}

function authorizationOf(text: string): Authorization {
  const found = authorizations.find((each) => each === text);
  if (found === undefined)
    throw new SettingsError(`AUTHORIZATION is "${text}": it may be ${authorizations.join(', ')}`);
  return found;
}

/** IMPORT_SOURCES, each with a slash at the end, so that no longer name begins with it. */
function importSourcesOf(text: string): Pick<Settings, 'importSources'> {
  const importSources = text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => {
      const url = URL.canParse(each) ? new URL(each) : undefined;
      if (url === undefined || !/^(https?|file|s3):$/.test(url.protocol) || url.search !== '' || url.username !== '') {
        throw new SettingsError(
          'IMPORT_SOURCES holds a text that is no URL such as https://files.example.org/exports/',
        );
      }
      return url.href.replace(/\/*$/, '/').replaceAll(encodeURI(tenantMark), tenantMark); // a URL's own form encodes it
    });
  return importSources.length === 0 ? {} : { importSources };
}

/** PUBLIC_URL, no slash at the end. */
function publicUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!isHttp || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new SettingsError(`PUBLIC_URL is "${text}": it must be a URL such as https://fhir.example.org/base`);
  }
  return text.replace(/\/+$/, '');
}

/**
 * Reads the settings.
 * @param environment the process's environment variables.
 * @returns the settings, defaults filled in.
 * @throws SettingsError for a value that cannot be used, and for AUTH=off on an address others can reach.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const setting = (name: string, standard: string): string => environment[name]?.trim() || standard;
  const host = setting('HOST', '127.0.0.1');
  const port = portOf(setting('PORT', '3000'));
  const auth = oneOf('AUTH', setting('AUTH', 'on').toLowerCase(), ['on', 'off']) === 'off' ? 'off' : 'on';
  if (auth === 'off' && !loopback.test(host)) {
    throw new SettingsError(
      `AUTH=off lets anyone who reaches the server read and write everything, so it listens on loopback only: HOST is "${host}", use 127.0.0.1`,
    );
  }
  const tenancy = tenancyOf(setting);
  if (tenancy !== undefined && auth === 'off') {
    throw new SettingsError('TENANCY=pooled needs AUTH=on: the token says whose the resources are');
  }
  const imports = importSourcesOf(setting('IMPORT_SOURCES', ''));
  requireOwnSources(tenancy, imports.importSources);
  const tls = oneOf('TLS', setting('TLS', 'off').toLowerCase(), ['on', 'off']) === 'on';
  const named = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const authority = named.includes(':') ? `[${named}]` : named;
  const subscriptions = readAllowedEndpoints(setting);
  const trustedProxies = trustedProxiesOf(setting('TRUSTED_PROXIES', ''));
  return {
    host,
    port,
    auth,
    tls,
    // Without sign-in there are no scopes to go by: everyone is a practitioner.
    authorization: auth === 'off' ? 'roles' : authorizationOf(setting('AUTHORIZATION', 'roles').toLowerCase()),
    audit: oneOf('AUDIT', setting('AUDIT', 'off').toLowerCase(), ['on', 'off'] as const),
    validation: oneOf('VALIDATION', setting('VALIDATION', 'full').toLowerCase(), validations),
    conditionalDelete: oneOf(
      'CONDITIONAL_DELETE',
      setting('CONDITIONAL_DELETE', 'single').toLowerCase(),
      conditionalDeletes,
    ),
    dataFolder: resolve(setting('DATA_DIR', '.data')),
    logLevel: oneOf('LOG_LEVEL', setting('LOG_LEVEL', 'info'), logLevels),
    publicUrl: publicUrlOf(setting('PUBLIC_URL', `${tls ? 'https' : 'http'}://${authority}:${String(port)}`)),
    isPublicUrlSet: setting('PUBLIC_URL', '') !== '',
    appsync: appSyncSettingsOf(setting),
    ...imports,
    ...(tenancy === undefined ? {} : { tenancy }),
    implementationGuides: setting('IMPLEMENTATION_GUIDES', '')
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '')
      .map((path) => resolve(path)),
    signInPassword: environment['SIGN_IN_PASSWORD'] || undefined,
    applicationSecret: applicationSecretOf(environment['APPLICATION_SECRET']),
    applicationKeys: applicationKeysOf(environment),
    ...(trustedProxies.length === 0 ? {} : { trustedProxies }),
    ...rateLimitOf(setting('RATE_LIMIT', '')),
    graphqlLimits: graphqlLimitsOf(setting),
    ...(subscriptions === undefined ? {} : { subscriptions }),
    engines: enginesOf(setting),
  };
}
