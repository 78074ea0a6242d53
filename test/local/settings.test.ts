import { describe, expect, test } from '@jest/globals';
import { resolve } from 'node:path';
import { standardLimits } from '../../graphql/limits.js';
import { readSettings, SettingsError } from '../../local/settings.js';

describe('settings of the embedded server', () => {
  test('default to loopback port 3000, sign-in on, and .data in the working folder', () => {
    expect(readSettings({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      auth: 'on',
      authorization: 'roles',
      audit: 'off',
      validation: 'full',
      conditionalDelete: 'single',
      appsync: { introspection: true, maxDepth: 75, maxResolvers: 10_000 },
      implementationGuides: [],
      dataFolder: resolve('.data'),
      logLevel: 'info',
      publicUrl: 'http://127.0.0.1:3000',
      isPublicUrlSet: false,
      signInPassword: undefined,
      tls: false,
      applicationSecret: undefined,
      applicationKeys: undefined,
      graphqlLimits: standardLimits,
      engines: { kind: 'embedded' },
    });
  });

  test('what decides who may do what, and whether it is recorded, is one of the words there are', () => {
    const set = readSettings({ AUTHORIZATION: 'Roles+Smart', AUDIT: 'ON', APPLICATION_SECRET: 'x'.repeat(32) });
    expect(set).toMatchObject({ authorization: 'roles+smart', audit: 'on', applicationSecret: 'x'.repeat(32) });
    expect(readSettings({ AUTHORIZATION: 'smart', AUTH: 'off' }).authorization).toBe('roles');
    expect(() => readSettings({ AUTHORIZATION: 'scopes' })).toThrow('roles, smart, roles+smart');
    expect(() => readSettings({ AUDIT: 'yes' })).toThrow('AUDIT');
    expect(() => readSettings({ APPLICATION_SECRET: 'short' })).toThrow('32 characters');
  });

  test('Subscriptions notify the URLs that are named, on public addresses unless told otherwise', () => {
    const set = readSettings({ SUBSCRIPTION_ENDPOINTS: ' https://a.example.org/x, ,http://b:8080 ' });
    expect(set.subscriptions).toEqual({
      prefixes: ['https://a.example.org/x', 'http://b:8080'],
      privateAddresses: false,
    });
    const open = readSettings({ SUBSCRIPTION_ENDPOINTS: 'http://b', SUBSCRIPTION_PRIVATE_ADDRESSES: 'On' });
    expect(open.subscriptions).toEqual({ prefixes: ['http://b'], privateAddresses: true });
    for (const wrong of ['*', 'b.example.org', 'ftp://b', 'https://user@b', 'https://b?x', 'https://b#x']) {
      expect(() => readSettings({ SUBSCRIPTION_ENDPOINTS: wrong })).toThrow('SUBSCRIPTION_ENDPOINTS');
    }
    expect(() => readSettings({ SUBSCRIPTION_PRIVATE_ADDRESSES: 'yes' })).toThrow('SUBSCRIPTION_PRIVATE_ADDRESSES');
  });

  test('validation and guides: paths are absolute, other words are refused by name', () => {
    const set = readSettings({ VALIDATION: 'Structure', IMPLEMENTATION_GUIDES: ' a.tgz, ,/b ' });
    expect(set).toMatchObject({ validation: 'structure', implementationGuides: [resolve('a.tgz'), '/b'] });
    expect(() => readSettings({ VALIDATION: 'some' })).toThrow('VALIDATION is "some"');
    expect(readSettings({ CONDITIONAL_DELETE: 'Multiple' }).conditionalDelete).toBe('multiple');
    expect(() => readSettings({ CONDITIONAL_DELETE: 'all' })).toThrow('CONDITIONAL_DELETE is "all"');
  });

  test('limits of $graphql are numbers from 1, and its introspection is on or off', () => {
    const set = readSettings({ GRAPHQL_DEPTH: '5', GRAPHQL_VALUES: '10', GRAPHQL_INTROSPECTION: 'Off' });
    expect(set.graphqlLimits).toEqual({ ...standardLimits, depth: 5, values: 10, introspection: false });
    for (const [name, value] of [
      ['GRAPHQL_FIELDS', '0'],
      ['GRAPHQL_ALIASES', 'many'],
      ['GRAPHQL_INTROSPECTION', 'no'],
    ] as const) {
      expect(() => readSettings({ [name]: value })).toThrow(`${name} is "${value}"`);
    }
  });

  test('an empty variable counts as not set', () => {
    expect(readSettings({ PORT: '', HOST: ' ' })).toMatchObject({ port: 3000, host: '127.0.0.1' });
  });

  test('the public URL follows host and port unless it is given', () => {
    expect(readSettings({ HOST: '::1', PORT: '8080' }).publicUrl).toBe('http://[::1]:8080');
    expect(readSettings({ PUBLIC_URL: 'https://fhir.example.org/' }).publicUrl).toBe('https://fhir.example.org');
  });

  test.each(['foo', 'fhir.example.org', 'ftp://x', 'https://x/?a=1', 'https://x/#a', 'https://u:p@x'])(
    'PUBLIC_URL=%s is refused by name',
    (PUBLIC_URL) => {
      expect(() => readSettings({ PUBLIC_URL })).toThrow(/PUBLIC_URL/);
    },
  );

  test('listening on every address, the server is known as localhost', () => {
    expect(readSettings({ HOST: '0.0.0.0' }).publicUrl).toBe('http://localhost:3000');
    expect(readSettings({ HOST: '::' }).publicUrl).toBe('http://localhost:3000');
  });

  test('the password of local users is taken as it is', () => {
    expect(readSettings({ SIGN_IN_PASSWORD: ' a b ' }).signInPassword).toBe(' a b ');
  });

  test.each(['abc', '-1', '65536', '30 00', '3e3'])('PORT=%s is refused by name', (PORT) => {
    expect(() => readSettings({ PORT })).toThrow(SettingsError);
    expect(() => readSettings({ PORT })).toThrow('PORT');
  });

  test('an unknown log level names the known ones', () => {
    expect(() => readSettings({ LOG_LEVEL: 'loud' })).toThrow(/LOG_LEVEL is "loud".*warn/);
  });

  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('AUTH=off listens on %s', (HOST) => {
    expect(readSettings({ AUTH: 'off', HOST }).auth).toBe('off');
  });

  test.each(['0.0.0.0', '::', '192.168.1.4', 'localhost.example.org', 'example.org'])(
    'AUTH=off refuses to listen on %s and says why',
    (HOST) => {
      expect(() => readSettings({ AUTH: 'off', HOST })).toThrow(/loopback/);
    },
  );

  test('a misspelt AUTH does not switch sign-in off', () => {
    expect(() => readSettings({ AUTH: 'offf' })).toThrow(/AUTH/);
  });

  describe('ENGINES=aws', () => {
    const local = {
      ENGINES: 'aws',
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000/',
      OPENSEARCH_ENDPOINT: 'http://localhost:9200',
    };
    test('makes what is missing on this machine, and needs no region there', () => {
      expect(readSettings(local).engines).toEqual({
        kind: 'aws',
        dynamoDbEndpoint: 'http://127.0.0.1:8000',
        openSearchEndpoint: 'http://localhost:9200',
        region: 'us-east-1',
        prefix: 'fhir',
        createMissing: true,
        consistency: 'eventual',
        requestTimeout: 25_000,
      });
    });

    test.each([
      ['DynamoDB', { DYNAMODB_ENDPOINT: '' }],
      ['DynamoDB', { DYNAMODB_ENDPOINT: 'https://dynamodb.eu-west-1.amazonaws.com' }],
      ['OpenSearch', { OPENSEARCH_ENDPOINT: 'https://127.0.0.1.example.org' }],
    ])('makes nothing when %s is elsewhere, unless it is told to', (_, elsewhere) => {
      expect(readSettings({ ...local, ...elsewhere }).engines).toMatchObject({
        createMissing: false,
        region: undefined,
      });
      const told = { ...local, ...elsewhere, CREATE_MISSING: 'on', AWS_REGION: 'eu-west-1' };
      expect(readSettings(told).engines).toMatchObject({ createMissing: true, region: 'eu-west-1' });
    });

    test.each([
      ['OPENSEARCH_ENDPOINT', { OPENSEARCH_ENDPOINT: '' }],
      ['OPENSEARCH_ENDPOINT', { OPENSEARCH_ENDPOINT: 'localhost:9200' }],
      ['DYNAMODB_ENDPOINT', { DYNAMODB_ENDPOINT: 'ftp://x' }],
      ['TABLE_PREFIX', { TABLE_PREFIX: 'a_b' }],
      ['CREATE_MISSING', { CREATE_MISSING: 'yes' }],
      ['CONSISTENCY', { CONSISTENCY: 'Strong' }],
      ['REQUEST_TIMEOUT', { REQUEST_TIMEOUT: '0' }],
      ['REQUEST_TIMEOUT', { REQUEST_TIMEOUT: 'long' }],
    ])('refuses a wrong %s by name', (name, wrong) => {
      expect(() => readSettings({ ...local, ...wrong })).toThrow(SettingsError);
      expect(() => readSettings({ ...local, ...wrong })).toThrow(name);
    });

    test('does not repeat an endpoint, which may hold a password', () => {
      expect(() => readSettings({ ...local, OPENSEARCH_ENDPOINT: 'x://user:secret@host' })).toThrow(/^(?!.*secret)/);
    });
  });

  test('large bodies are kept in the bucket that is named; elsewhere than on this machine nothing is made', () => {
    const engines = {
      ENGINES: 'aws',
      DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000',
      OPENSEARCH_ENDPOINT: 'http://127.0.0.1:9200',
      BODIES_BUCKET: 'fhir-bodies',
    };
    expect(readSettings({ ...engines, S3_ENDPOINT: 'http://127.0.0.1:7070/' }).engines).toMatchObject({
      bodies: { bucket: 'fhir-bodies', endpoint: 'http://127.0.0.1:7070' },
      createMissing: true,
    });
    expect(readSettings(engines).engines).toMatchObject({
      bodies: { bucket: 'fhir-bodies', endpoint: undefined },
      region: undefined,
      createMissing: false,
    });
    expect(() => readSettings({ ...engines, BODIES_BUCKET: 'No_Bucket' })).toThrow('BODIES_BUCKET is "No_Bucket"');
    expect(() => readSettings({ ...engines, S3_ENDPOINT: 'here' })).toThrow('S3_ENDPOINT is no URL');
  });

  test('other engines than there are are refused', () => {
    expect(() => readSettings({ ENGINES: 'mongo' })).toThrow(/ENGINES is "mongo".*embedded/);
  });
});
