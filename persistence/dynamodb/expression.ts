import type { Condition } from '../table.js';
import { toAttribute, type Attributes } from './attributes.js';

/** A condition as DynamoDB's writes take it. */
export interface ConditionExpression {
  ConditionExpression: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Attributes;
}

/**
 * A condition in DynamoDB's words. Names stand behind placeholders, since many are reserved.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
export function conditionExpression(condition: Condition): ConditionExpression {
  if (condition.kind === 'absent') return { ConditionExpression: 'attribute_not_exists(pk)' };
  const terms = ['attribute_exists(pk)'];
  const names: Record<string, string> = {};
  const values: Attributes = {};
  Object.entries(condition.attributes).forEach(([name, value], place) => {
    names[`#a${String(place)}`] = name;
    if (value === undefined) terms.push(`attribute_not_exists(#a${String(place)})`);
    else {
      values[`:v${String(place)}`] = toAttribute(value);
      terms.push(`#a${String(place)} = :v${String(place)}`);
    }
  });
  return {
    ConditionExpression: terms.join(' AND '),
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}

/** The part of a Query that names its partition and the bounds of its sort key. */
export interface KeyCondition {
  KeyConditionExpression: string;
  ExpressionAttributeNames: Record<string, string>;
  ExpressionAttributeValues: Attributes;
}

/**
 * One partition, from a sort key to another, both inclusive.
 * @param keys the names of the partition key and the sort key.
 * @returns undefined for bounds that nothing is between: DynamoDB refuses those.
 */
export function keyCondition(
  keys: { readonly partition: string; readonly sort: string },
  { pk, from, to }: { readonly pk: string; readonly from?: string; readonly to?: string },
): KeyCondition | undefined {
  const low = from === '' ? undefined : from; // DynamoDB takes no empty key; there is none
  if (to === '') return undefined;
  if (low !== undefined && to !== undefined && Buffer.compare(Buffer.from(low), Buffer.from(to)) > 0) return undefined;
  const bounds = {
    ...(low === undefined ? {} : { ':from': { S: low } }),
    ...(to === undefined ? {} : { ':to': { S: to } }),
  };
  const sort = low === undefined ? '#sort <= :to' : to === undefined ? '#sort >= :from' : '#sort BETWEEN :from AND :to';
  const bounded = low !== undefined || to !== undefined;
  return {
    KeyConditionExpression: bounded ? `#partition = :pk AND ${sort}` : '#partition = :pk',
    ExpressionAttributeNames: { '#partition': keys.partition, ...(bounded ? { '#sort': keys.sort } : {}) },
    ExpressionAttributeValues: { ':pk': { S: pk }, ...bounds },
  };
}
