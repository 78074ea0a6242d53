import { Aws } from 'aws-cdk-lib/core';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { historyIndexName } from '../persistence/dynamodb/definition.js';

// What functions may do, action by action: no action has a `*`, and none is for all resources.

const statement = (actions: readonly string[], ...resources: readonly string[]): PolicyStatement =>
  new PolicyStatement({ actions: [...actions], resources: [...resources] });

const readActions = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const writeActions = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem', 'dynamodb:ConditionCheckItem'];

const withHistory = ({ tableArn }: ITable): readonly string[] => [tableArn, `${tableArn}/index/${historyIndexName}`];

/** To read one item by its key, as a resolver does. */
export const getItem = ({ tableArn }: ITable): PolicyStatement => statement(['dynamodb:GetItem'], tableArn);

/** To read items, such as jobs and their parts. */
export const readItems = ({ tableArn }: ITable): PolicyStatement => statement(readActions, tableArn);

/** To read and write items; a transaction needs no more. */
export const readAndWriteTable = (table: ITable): PolicyStatement =>
  statement([...readActions, ...writeActions], ...withHistory(table));

/** To read a whole table, segment by segment. */
export const scanTable = ({ tableArn }: ITable): PolicyStatement => statement(['dynamodb:Scan'], tableArn);

/** To read a table's stream. */
export function readStream({ tableStreamArn = '' }: ITable): PolicyStatement {
  return statement(
    ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
    tableStreamArn,
  );
}

/** To get and put bodies too large for an item, and what Binaries hold; that there is none is told by who may list. */
export const readAndWriteBodies = ({ bucketArn }: IBucket): PolicyStatement[] => [
  statement(['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], `${bucketArn}/*`),
  statement(['s3:ListBucket'], bucketArn),
];

/** To read the files of jobs by signed URLs, and to remove them with what of them was never ended. */
export const removeFiles = ({ bucketArn }: IBucket): PolicyStatement[] => [
  statement(['s3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'], `${bucketArn}/*`),
  statement(['s3:ListBucket', 's3:ListBucketMultipartUploads'], bucketArn),
];

/** To write the files of jobs as well. */
export const writeFiles = (bucket: IBucket): PolicyStatement[] => [
  statement(['s3:PutObject'], `${bucket.bucketArn}/*`),
  ...removeFiles(bucket),
];

/** To put files that everybody may read. */
export const putFiles = ({ bucketArn }: IBucket): PolicyStatement => statement(['s3:PutObject'], `${bucketArn}/*`);

/** To read what is imported: the objects below a folder such as `s3://bucket/folder/`. */
export const readSource = (source: string): PolicyStatement =>
  statement(['s3:GetObject'], `arn:${Aws.PARTITION}:s3:::${sourceObjects(source)}`);

/** The objects of a source of imports; of those of all tenants where `{tenant}` stands in it. */
export const sourceObjects = (source: string): string => `${source.slice('s3://'.length).replaceAll('{tenant}', '*')}*`;

/** To tell about how many items a table has. */
export const describeTable = ({ tableArn }: ITable): PolicyStatement => statement(['dynamodb:DescribeTable'], tableArn);

/** To have a state machine work. */
export const startExecution = (stateMachineArn: string): PolicyStatement =>
  statement(['states:StartExecution'], stateMachineArn);

/** To see what a state machine works on. */
export const listExecutions = (stateMachineArn: string): PolicyStatement =>
  statement(['states:ListExecutions'], stateMachineArn);

/** To read and write what a key of ours encrypts. */
export const useKey = ({ keyArn }: IKey): PolicyStatement =>
  statement(['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'], keyArn);

/** To ask a search domain; which indices, the domain's own roles say (fine-grained access). */
export const askSearch = (domainArn: string): PolicyStatement =>
  statement(['es:ESHttpGet', 'es:ESHttpHead', 'es:ESHttpPost', 'es:ESHttpPut', 'es:ESHttpDelete'], `${domainArn}/*`);

/** To tell subscribers of changes, of resources and of jobs. */
export const publishChanges = (apiArn: string): PolicyStatement =>
  statement(
    ['appsync:GraphQL'],
    ...['publishChange', 'publishJob'].map((field) => `${apiArn}/types/Mutation/fields/${field}`),
  );

/** To send to a queue. */
export const sendTo = (queueArn: string): PolicyStatement => statement(['sqs:SendMessage'], queueArn);

/** To take messages from a queue. */
export const receiveFrom = (queueArn: string): PolicyStatement =>
  statement(
    ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
    queueArn,
  );

/** To write to a log group. */
export const writeLogs = (logGroupArn: string): PolicyStatement =>
  statement(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroupArn);

/** To call a function, at any of the ARNs. */
export const invoke = (...functionArns: readonly string[]): PolicyStatement =>
  statement(['lambda:InvokeFunction'], ...functionArns);

/** What a state machine may do that runs a Distributed Map: begin its own executions, look after them and end them. */
export const runMap = (stateMachineArn: string): PolicyStatement[] => [
  startExecution(stateMachineArn),
  statement(
    ['states:DescribeExecution', 'states:StopExecution'],
    `${stateMachineArn.replace(':stateMachine:', ':execution:')}/*`,
  ),
];
