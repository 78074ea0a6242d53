/**
 * What is deployed: the one file to edit. A stage has everything in `defaults` but what `stages` says for it.
 *
 *     npx cdk deploy --all                        the stage dev
 *     npx cdk deploy --all -c stage=production    another
 *
 * docs/deployment.md tells what each costs; check-settings.ts says what may stand here.
 */
export interface Settings {
  /** The FHIR versions: each has a table, a search index, an indexer and a GraphQL API of its own. */
  readonly fhirVersions: readonly FhirVersion[];
  /** The region, such as `eu-central-1`; '' takes that of the AWS profile in use. */
  readonly region: string;
  /** Tags of every resource. */
  readonly tags: Readonly<Record<string, string>>;

  /** What becomes of tables, buckets, search domain, user pool, keys and logs when their stack is deleted. */
  readonly removal: 'retain' | 'destroy';
  /** Whether tables, the user pool and the stacks that hold them refuse to be deleted until this is taken back. */
  readonly deletionProtection: boolean;

  /** The size of the OpenSearch domain (constructs/search-domain.ts); or the URL of an OpenSearch that is there already. */
  readonly search: SearchSize | { readonly endpoint: string };
  /** Shards of a search index, fixed when it is made: about one for each 30 GB of index. */
  readonly searchShards: number;
  /** When searches see a write, unless a request says so (ADR 14). */
  readonly consistency: 'eventual' | 'strong';

  /** What decides who may do what: the groups of the user, SMART scopes, or both (docs/sign-in.md). */
  readonly authorization: 'roles' | 'smart' | 'roles+smart';
  /** The SMART scopes there are, by their context, such as `*.read`; used with SMART authorization only. */
  readonly smartScopes: Readonly<Record<'patient' | 'user' | 'system' | 'launch', readonly string[]>>;
  /** Whether tenants share the deployment, each with its own resources (docs/tenancy.md). */
  readonly tenancy: 'off' | 'pooled';
  /** Whether each request is recorded as an AuditEvent. */
  readonly audit: 'on' | 'off';
  /** How far what is written is checked. */
  readonly validation: 'structure' | 'invariants' | 'full' | 'strict';
  /** How many resources a delete by criteria may delete. */
  readonly conditionalDelete: 'single' | 'multiple';

  /** Whether the console is deployed, on S3 and CloudFront. */
  readonly console: boolean;
  /** Where applications may be signed in to, and out to: https, or http on localhost. */
  readonly callbackUrls: readonly string[];
  readonly logoutUrls: readonly string[];
  /** The first part of the sign-in page's host, unique in the region; '' makes one of stage and account. */
  readonly signInPrefix: string;
  /** Whether users have a second factor (an authenticator app). */
  readonly secondFactor: 'off' | 'optional' | 'required';
  readonly accessTokenMinutes: number;
  readonly refreshTokenDays: number;

  /** Whether REST requests need an API key beside the token; `metadata` and `.well-known` never do. */
  readonly apiKeyRequired: boolean;
  /** The most REST requests: each second on average, at once, and in a month by one key (0: no such limit). */
  readonly throttle: { readonly perSecond: number; readonly burst: number; readonly perMonth: number };
  /** The URL by which clients know the REST API, without a slash at the end; '' is API Gateway's own. */
  readonly publicUrl: string;

  /** Whether the GraphQL APIs tell their schema. */
  readonly introspection: boolean;
  /** The deepest nesting of fields, at most 75, and the most resolver runs of a request, at most 10,000. */
  readonly depthLimit: number;
  readonly resolverLimit: number;

  /** In how many parts a table is exported or indexed anew, and how many parts of jobs are worked on at the same time. */
  readonly jobs: { readonly segments: number; readonly atOnce: number };
  /** What the URLs that `$import` reads begin with: `s3://bucket/folder/`, `https://…/`; nothing is imported without any. */
  readonly importSources: readonly string[];

  /** URLs that FHIR Subscriptions may notify, and all below them: `https://hooks.example.org/fhir`; nobody is notified without any. */
  readonly subscriptionEndpoints: readonly string[];

  /** Memory of the functions, in MB: processor time grows with it. */
  readonly memory: Readonly<Record<'rest' | 'resolvers' | 'indexer' | 'jobs', number>>;
  /** Instances kept warm; 0 for none. */
  readonly provisionedConcurrency: Readonly<Record<'rest' | 'resolvers', number>>;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  /** How long logs are kept, in days. */
  readonly logDays: 7 | 14 | 30 | 90 | 180 | 365 | 731;

  /** Whether a web application firewall stands before the APIs: AWS's common rules, and a limit by address. */
  readonly firewall: boolean;
  /** The most requests of one address in five minutes, with the firewall. */
  readonly firewallLimit: number;
  /** Environment variables added to every function, such as the endpoints of emulators (docs/environment-variables.md). */
  readonly environment: Readonly<Record<string, string>>;
  /** Who is told of alarms; '' for nobody. */
  readonly alarmEmail: string;
}

export type FhirVersion = 'r4' | 'stu3';
export type SearchSize = 'dev' | 'small' | 'production';

export const defaults: Settings = {
  fhirVersions: ['r4', 'stu3'],
  region: '',
  tags: { application: 'fhir-on-appsync' },
  removal: 'retain',
  deletionProtection: true,
  search: 'small',
  searchShards: 1,
  consistency: 'eventual',
  authorization: 'roles',
  smartScopes: {
    patient: ['*.read', '*.rs'],
    user: ['*.read', '*.write', '*.rs', '*.cruds'],
    system: ['*.read', '*.rs'],
    launch: ['patient'],
  },
  tenancy: 'off',
  audit: 'off',
  validation: 'full',
  conditionalDelete: 'single',
  console: true,
  callbackUrls: ['http://localhost:3000/', 'http://localhost:5173/'],
  logoutUrls: ['http://localhost:3000/', 'http://localhost:5173/'],
  signInPrefix: '',
  secondFactor: 'optional',
  accessTokenMinutes: 60,
  refreshTokenDays: 30,
  apiKeyRequired: true,
  throttle: { perSecond: 500, burst: 1000, perMonth: 0 },
  publicUrl: '',
  introspection: true,
  depthLimit: 75,
  resolverLimit: 10_000,
  jobs: { segments: 8, atOnce: 8 },
  importSources: [],
  subscriptionEndpoints: [],
  memory: { rest: 1024, resolvers: 1024, indexer: 512, jobs: 1769 },
  provisionedConcurrency: { rest: 0, resolvers: 0 },
  logLevel: 'info',
  logDays: 90,
  firewall: false,
  firewallLimit: 10_000,
  environment: {},
  alarmEmail: '',
};

/** The stages, by names of small letters and digits: what differs from the defaults. */
export const stages: Readonly<Record<string, Partial<Settings>>> = {
  dev: { search: 'dev', removal: 'destroy', deletionProtection: false, logDays: 14 },
  production: {
    search: 'production',
    searchShards: 3,
    jobs: { segments: 64, atOnce: 32 },
    audit: 'on',
    introspection: false,
    secondFactor: 'required',
    provisionedConcurrency: { rest: 2, resolvers: 2 },
    logDays: 365,
    firewall: true,
  },
};
