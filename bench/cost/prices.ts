/** A list price, in US dollars. */
export interface Price {
  readonly dollars: number;
  /** Of so many units. */
  readonly per: number;
  readonly what: string;
  /** `read`: on a page, which `from` names; `assumed`: from memory, and to be looked up. */
  readonly known: 'read' | 'assumed';
  readonly from?: string;
}

const million = 1_000_000;
/** When the pages were read, or the prices remembered. Region us-east-1, without free tiers, taxes and discounts. */
export const pricesAsOf = '2026-11-26';
export const region = 'us-east-1';

/** List prices of what is used. The pages of AWS could not be asked themselves; stored copies of pages were. */
export const prices = {
  dynamoWrite: {
    dollars: 0.625,
    per: million,
    what: 'DynamoDB, write request units, on demand',
    known: 'read',
    from: 'airbyte.com/data-engineering-resources/dynamodb-pricing (July 2025)',
  },
  dynamoRead: {
    dollars: 0.125,
    per: million,
    what: 'DynamoDB, read request units, on demand',
    known: 'read',
    from: 'the same',
  },
  dynamoStorage: { dollars: 0.25, per: 1, what: 'DynamoDB, a GB a month', known: 'assumed' },
  dynamoRestore: { dollars: 0.2, per: 1, what: 'DynamoDB, restoring to any moment, a GB a month', known: 'assumed' },
  lambdaCalls: {
    dollars: 0.2,
    per: million,
    what: 'Lambda, calls',
    known: 'read',
    from: 'git.mcrn.ar, lambda-13-cost.md (May 2026)',
  },
  lambdaTime: {
    dollars: 0.0000133334,
    per: 1,
    what: 'Lambda on arm64, a second of a GB',
    known: 'read',
    from: 'the same',
  },
  gateway: {
    dollars: 3.5,
    per: million,
    what: 'API Gateway, REST requests, the first 333 million a month',
    known: 'read',
    from: 'docs.aws.amazon.com, whitepaper on private APIs of API Gateway',
  },
  appSync: {
    dollars: 4,
    per: million,
    what: 'AppSync, queries and mutations',
    known: 'read',
    from: 'awsi.click/en/glossary/appsync',
  },
  s3Put: { dollars: 5, per: million, what: 'S3, PUT', known: 'assumed' },
  s3Storage: { dollars: 0.023, per: 1, what: 'S3, a GB a month', known: 'assumed' },
  searchDev: { dollars: 0.036, per: 1, what: 'OpenSearch, t3.small.search, an hour', known: 'assumed' },
  searchData: { dollars: 0.128, per: 1, what: 'OpenSearch, m6g.large.search, an hour', known: 'assumed' },
  searchMemory: { dollars: 0.167, per: 1, what: 'OpenSearch, r6g.large.search, an hour', known: 'assumed' },
  searchVolume: { dollars: 0.122, per: 1, what: 'OpenSearch, gp3, a GB a month', known: 'assumed' },
  lambdaWarm: {
    dollars: 0.0000033334,
    per: 1,
    what: 'Lambda kept warm on arm64, a second of a GB',
    known: 'assumed',
  },
  alarm: { dollars: 0.1, per: 1, what: 'CloudWatch, an alarm a month', known: 'assumed' },
  key: { dollars: 1, per: 1, what: 'KMS, a key a month', known: 'assumed' },
  healthLakeStore: { dollars: 0.27, per: 1, what: 'HealthLake, a data store an hour, 10 GB in it', known: 'assumed' },
  healthLakeQueries: { dollars: 1.5, per: million, what: 'HealthLake, queries beyond 3,500 an hour', known: 'assumed' },
} as const satisfies Readonly<Record<string, Price>>;

/** What so many units cost, in dollars. */
export const costOf = ({ dollars, per }: Price, units: number): number => (dollars * units) / per;
