import {
  type AttributeValue as Attribute,
  type DynamoDBClient,
  paginateQuery,
  paginateScan,
} from '@aws-sdk/client-dynamodb';

/** An item of FHIR Works on AWS' resource table: one version of a resource, with its own columns among the elements. */
export interface FhirWorksItem {
  /** The partition key: the resource's id, behind `<tenant>|` where there are tenants. */
  readonly hashKey: string;
  /** The sort key, from 1. */
  readonly vid: number;
  /** All of it as JSON; numbers with the digits that DynamoDB kept. */
  readonly json: string;
}

/**
 * The partition keys of the table, each at least once, in the table's own order.
 * @see https://github.com/awslabs/fhir-works-on-aws-persistence-ddb
 */
export async function* fhirWorksKeys(client: DynamoDBClient, table: string): AsyncGenerator<string> {
  let last: string | undefined;
  const request = { TableName: table, ProjectionExpression: 'id', ConsistentRead: true };
  for await (const { Items = [] } of paginateScan({ client }, request)) {
    for (const { id } of Items) {
      if (id?.S === undefined || id.S === last) continue;
      last = id.S;
      yield id.S;
    }
  }
}

/** All versions under a partition key, oldest first. */
export async function fhirWorksVersions(
  client: DynamoDBClient,
  table: string,
  hashKey: string,
): Promise<readonly FhirWorksItem[]> {
  const found: FhirWorksItem[] = [];
  const request = {
    TableName: table,
    KeyConditionExpression: 'id = :id',
    ExpressionAttributeValues: { ':id': { S: hashKey } },
    ConsistentRead: true,
  };
  for await (const { Items = [] } of paginateQuery({ client }, request)) {
    for (const item of Items) found.push({ hashKey, vid: Number(item['vid']?.N), json: jsonOf({ M: item }) });
  }
  return found;
}

/** @throws Error for binary attributes, which JSON has not. */
function jsonOf(attribute: Attribute): string {
  if (attribute.S !== undefined) return JSON.stringify(attribute.S);
  if (attribute.N !== undefined) return attribute.N;
  if (attribute.BOOL !== undefined) return String(attribute.BOOL);
  if (attribute.NULL !== undefined) return 'null';
  if (attribute.L !== undefined) return `[${attribute.L.map(jsonOf).join()}]`;
  if (attribute.SS !== undefined) return JSON.stringify(attribute.SS);
  if (attribute.NS !== undefined) return `[${attribute.NS.join()}]`;
  if (attribute.M === undefined) throw new Error('An attribute holds bytes');
  const members = Object.entries(attribute.M).map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value)}`);
  return `{${members.join()}}`;
}
