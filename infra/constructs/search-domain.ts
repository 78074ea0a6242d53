import { CfnResourcePolicy } from 'aws-cdk-lib/aws-logs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnDomain } from 'aws-cdk-lib/aws-opensearchservice';
import { Aws } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { prefixOf } from '../names.js';
import type { Stage } from '../read-settings.js';
import type { SearchSize } from '../settings.js';
import { Log } from './log.js';
import { removalPolicy } from './removal.js';

/** The nodes of a domain by its size; what they cost is in docs/deployment.md. */
const sizes: Readonly<
  Record<SearchSize, { readonly cluster: CfnDomain.ClusterConfigProperty; readonly gigabytesEach: number }>
> = {
  /** One small node, to try things out: it is away while it is updated. */
  dev: { cluster: { instanceType: 't3.small.search', instanceCount: 1 }, gigabytesEach: 20 },
  /** Two nodes in two zones: each shard is on both. */
  small: {
    cluster: {
      instanceType: 'm6g.large.search',
      instanceCount: 2,
      zoneAwarenessEnabled: true,
      zoneAwarenessConfig: { availabilityZoneCount: 2 },
    },
    gigabytesEach: 100,
  },
  /** Three zones, and masters of their own: it stays up when a zone is lost. */
  production: {
    cluster: {
      instanceType: 'r6g.large.search',
      instanceCount: 3,
      dedicatedMasterEnabled: true,
      dedicatedMasterType: 'm6g.large.search',
      dedicatedMasterCount: 3,
      zoneAwarenessEnabled: true,
      zoneAwarenessConfig: { availabilityZoneCount: 3 },
    },
    gigabytesEach: 200,
  },
};

/** Copies of each shard beside the first, as a size has nodes for them. */
export const replicasOf = (size: SearchSize): number => (sizes[size].cluster.instanceCount === 1 ? 0 : 1);

export interface SearchDomainProps {
  readonly size: SearchSize;
  readonly key: IKey;
  /** The role that may do everything in it, and gives the other roles what they need (fine-grained access). */
  readonly masterArn: string;
}

/**
 * The OpenSearch domain of all search indices: encrypted, TLS 1.2, asked by signed requests only. Its policy leaves it to
 * the account's roles who may ask; what they may do there, its fine-grained access says.
 */
export class SearchDomain extends Construct {
  readonly endpoint: string;
  readonly arn: string;
  readonly domainName: string;

  constructor(scope: Construct, id: string, stage: Stage, { size, key, masterArn }: SearchDomainProps) {
    super(scope, id);
    const { cluster, gigabytesEach } = sizes[size];
    this.domainName = prefixOf(stage);
    this.arn = `arn:${Aws.PARTITION}:es:${Aws.REGION}:${Aws.ACCOUNT_ID}:domain/${this.domainName}`;
    const logs = new Log(this, 'Logs', stage);
    const mayLog = new CfnResourcePolicy(this, 'LogsPolicy', {
      policyName: `${this.domainName}-search-logs`,
      policyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Principal: { Service: 'es.amazonaws.com' },
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: logs.logGroupArn,
          Condition: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
        },
      }),
    });
    const published = { cloudWatchLogsLogGroupArn: logs.logGroupArn, enabled: true };
    const domain = new CfnDomain(this, 'Domain', {
      domainName: this.domainName,
      engineVersion: 'OpenSearch_2.19',
      clusterConfig: cluster,
      ebsOptions: { ebsEnabled: true, volumeType: 'gp3', volumeSize: gigabytesEach },
      encryptionAtRestOptions: { enabled: true, kmsKeyId: key.keyId },
      nodeToNodeEncryptionOptions: { enabled: true },
      domainEndpointOptions: { enforceHttps: true, tlsSecurityPolicy: 'Policy-Min-TLS-1-2-PFS-2023-10' },
      advancedSecurityOptions: {
        enabled: true,
        internalUserDatabaseEnabled: false,
        masterUserOptions: { masterUserArn: masterArn },
      },
      logPublishingOptions: { SEARCH_SLOW_LOGS: published, INDEX_SLOW_LOGS: published, ES_APPLICATION_LOGS: published },
      offPeakWindowOptions: { enabled: true },
      accessPolicies: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:root` },
            Action: ['es:ESHttpGet', 'es:ESHttpHead', 'es:ESHttpPost', 'es:ESHttpPut', 'es:ESHttpDelete'],
            Resource: `${this.arn}/*`,
          },
        ],
      },
    });
    domain.applyRemovalPolicy(removalPolicy(stage));
    domain.addResourceDependency(mayLog);
    this.endpoint = `https://${domain.attrDomainEndpoint}`;
  }
}
