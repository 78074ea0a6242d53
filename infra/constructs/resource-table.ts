import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { historyIndexName, tableDefinition, timeToLive } from '../../persistence/dynamodb/definition.js';
import type { Stage } from '../read-settings.js';
import { removalPolicy } from './removal.js';

type KeySchema = readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];

/** All key columns are strings. */
const column = (keys: KeySchema, kind: 'HASH' | 'RANGE'): { name: string; type: AttributeType } => {
  const found = keys.find(({ KeyType }) => KeyType === kind);
  if (found === undefined) throw new Error(`The table's definition has no ${kind} key`);
  return { name: found.AttributeName, type: AttributeType.STRING };
};
const keysOf = (keys: KeySchema): Record<'partitionKey' | 'sortKey', { name: string; type: AttributeType }> => ({
  partitionKey: column(keys, 'HASH'),
  sortKey: column(keys, 'RANGE'),
});

/** The table of a FHIR version, as `persistence/dynamodb/definition.ts` defines it; any moment of 35 days can be restored. */
export class ResourceTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, stage: Stage, encryptionKey: IKey) {
    super(scope, id);
    const [history] = tableDefinition.GlobalSecondaryIndexes;
    if (history === undefined) throw new Error(`The table's definition has no index ${historyIndexName}`);
    this.table = new Table(this, 'Table', {
      ...keysOf(tableDefinition.KeySchema),
      billingMode: BillingMode[tableDefinition.BillingMode],
      stream: StreamViewType[tableDefinition.StreamSpecification.StreamViewType],
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: timeToLive,
      deletionProtection: stage.deletionProtection,
      removalPolicy: removalPolicy(stage),
    });
    this.table.addGlobalSecondaryIndex({
      indexName: history.IndexName,
      ...keysOf(history.KeySchema),
      projectionType: ProjectionType[history.Projection.ProjectionType],
    });
  }
}
