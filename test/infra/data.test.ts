import { describe, expect, test } from '@jest/globals';
import { tableDefinition, timeToLive } from '../../persistence/dynamodb/definition.js';
import { at, type Deployed, resourcesOf } from './support/templates.js';

const byName = (one: unknown): string => String(at(one, 'AttributeName') ?? at(one, 'IndexName'));
const only = (stage: 'dev' | 'production', type: string): Deployed => {
  const [found, ...others] = resourcesOf(stage, type);
  if (found === undefined || others.length > 0) throw new Error(`There must be one ${type}`);
  return found;
};

describe('the tables', () => {
  const tables = resourcesOf('dev', 'AWS::DynamoDB::Table');

  test('are one for each FHIR version, with the keys and the index that the store is written for', () => {
    expect(tables).toHaveLength(2);
    for (const { Properties } of tables) {
      expect(Properties['KeySchema']).toEqual(tableDefinition.KeySchema);
      expect(Properties['GlobalSecondaryIndexes']).toEqual(tableDefinition.GlobalSecondaryIndexes);
      expect(
        [...(Properties['AttributeDefinitions'] as unknown[])].sort((a, b) => byName(a).localeCompare(byName(b))),
      ).toEqual([...tableDefinition.AttributeDefinitions].sort((a, b) => byName(a).localeCompare(byName(b))));
      expect(Properties['BillingMode']).toBe(tableDefinition.BillingMode);
      expect(at(Properties, 'StreamSpecification', 'StreamViewType')).toBe(
        tableDefinition.StreamSpecification.StreamViewType,
      );
    }
  });

  test('can be restored to any moment, are encrypted by our key, and let what has an end go', () => {
    for (const { Properties } of tables) {
      expect(at(Properties, 'PointInTimeRecoverySpecification', 'PointInTimeRecoveryEnabled')).toBe(true);
      expect(Properties['SSESpecification']).toMatchObject({ SSEEnabled: true, SSEType: 'KMS' });
      expect(Properties['TimeToLiveSpecification']).toEqual({ AttributeName: timeToLive, Enabled: true });
    }
  });

  test('stay when their stack goes, and refuse to be deleted, in production', () => {
    const { DeletionPolicy, Properties } = only('production', 'AWS::DynamoDB::Table');
    expect({ DeletionPolicy, protected: Properties['DeletionProtectionEnabled'] }).toEqual({
      DeletionPolicy: 'Retain',
      protected: true,
    });
    expect(tables.map((table) => table.DeletionPolicy)).toEqual(['Delete', 'Delete']);
  });
});

test('every bucket is closed to the public, asks for TLS and belongs to its account alone', () => {
  const buckets = resourcesOf('production', 'AWS::S3::Bucket');
  expect(buckets.length).toBeGreaterThan(1);
  for (const { Properties, DeletionPolicy } of buckets) {
    expect(Properties['PublicAccessBlockConfiguration']).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect(at(Properties, 'OwnershipControls', 'Rules', 0, 'ObjectOwnership')).toBe('BucketOwnerEnforced');
    expect(Properties['BucketEncryption']).toBeDefined();
    expect(DeletionPolicy).toBe('Retain');
  }
  const policies = resourcesOf('production', 'AWS::S3::BucketPolicy').map(({ Properties }) =>
    JSON.stringify(Properties),
  );
  expect(policies).toHaveLength(buckets.length);
  for (const policy of policies) expect(policy).toContain('"aws:SecureTransport":"false"');
});

test('what Binaries hold can be got and put by pages that have a signed URL', () => {
  const [bodies] = resourcesOf('dev', 'AWS::S3::Bucket').filter(({ id }) => id.startsWith('Bodies'));
  expect(at(bodies, 'Properties', 'CorsConfiguration', 'CorsRules', 0)).toMatchObject({
    AllowedMethods: ['GET', 'HEAD', 'PUT'],
  });
});

describe('the search domain', () => {
  test.each(['dev', 'production'] as const)('is encrypted everywhere and knows its callers: %s', (stage) => {
    expect(only(stage, 'AWS::OpenSearchService::Domain').Properties).toMatchObject({
      EncryptionAtRestOptions: { Enabled: true },
      NodeToNodeEncryptionOptions: { Enabled: true },
      DomainEndpointOptions: { EnforceHTTPS: true, TLSSecurityPolicy: 'Policy-Min-TLS-1-2-PFS-2023-10' },
      AdvancedSecurityOptions: { Enabled: true, InternalUserDatabaseEnabled: false },
    });
  });

  test('is one small node at dev; in production three zones, with masters of their own', () => {
    expect(at(only('dev', 'AWS::OpenSearchService::Domain'), 'Properties', 'ClusterConfig')).toEqual({
      InstanceType: 't3.small.search',
      InstanceCount: 1,
    });
    expect(at(only('production', 'AWS::OpenSearchService::Domain'), 'Properties', 'ClusterConfig')).toMatchObject({
      InstanceCount: 3,
      DedicatedMasterEnabled: true,
      DedicatedMasterCount: 3,
      ZoneAwarenessConfig: { AvailabilityZoneCount: 3 },
    });
  });

  test('is asked for the roles of every function that searches, before any index is made', () => {
    const functions = resourcesOf('dev', 'AWS::Lambda::Function');
    const access = functions.find(({ Properties }) => at(Properties, 'Environment', 'Variables', 'SEARCH_USERS'));
    const users = JSON.stringify(at(access, 'Properties', 'Environment', 'Variables', 'SEARCH_USERS'));
    for (const version of ['r4', 'stu3']) {
      for (const name of ['rest', 'resolvers', 'indexer', 'sweeper', 'prepare']) {
        expect(users).toContain(`role/fhir-dev-${version}-${name}-`);
      }
    }
    const triggers = resourcesOf('dev', 'Custom::Trigger') as readonly (Deployed & { readonly DependsOn?: string[] })[];
    const prepared = triggers.filter(({ id }) => id.includes('Prepared'));
    expect(prepared).toHaveLength(2);
    for (const { DependsOn = [] } of prepared) expect(DependsOn.join()).toContain('SearchGrant');
  });
});
