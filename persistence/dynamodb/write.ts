import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { conflict, tooCostly, unavailable } from '../../fhir/outcome.js';
import { holds } from '../condition.js';
import { textOf } from '../key-text.js';
import type { Item, WriteAction, WriteResult } from '../table.js';
import { fromAttributes, itemBytes, keyAttributes, toAttributes, type Attributes } from './attributes.js';
import { unanswered } from '../aws-call.js';
import { conditionExpression } from './expression.js';
import type { TablePlace } from './place.js';

/** The most actions of one TransactWriteItems. */
export const maxActions = 100;
const maxItemBytes = 400 * 1024;
/** The most bytes of all items of one TransactWriteItems. */
export const maxBytes = 4 * 1024 * 1024;

type Check = Extract<WriteAction, { kind: 'check' }>;
type Change = Exclude<WriteAction, Check>;

/**
 * Does all actions or none. One action is a plain Put or Delete, since a transaction doubles the units; a lone check
 * is a read. What meets another transaction, or is throttled, is tried again for a while.
 * @throws OperationOutcomeError 413 for what DynamoDB has no room for, 409 when other transactions stay in the way,
 * 503 when the database does not answer; then, and only then, a write may be done all the same.
 */
export async function writeActions(table: TablePlace, actions: readonly WriteAction[]): Promise<WriteResult> {
  requireDistinct(actions);
  requireRoom(actions);
  const [first] = actions;
  if (first === undefined) return { written: true };
  if (actions.length > 1) return writeTransaction(table, actions);
  return first.kind === 'check' ? checkOne(table, first) : changeOne(table, first);
}

async function checkOne({ client, name, calls }: TablePlace, { key, condition }: Check): Promise<WriteResult> {
  const request = new GetItemCommand({ TableName: name, Key: keyAttributes(key), ConsistentRead: true });
  const { Item: stored } = await calls.once((options) => client.send(request, options));
  const existing = stored === undefined ? undefined : fromAttributes(stored);
  return holds(condition, existing) ? { written: true } : failed([[0, existing]]);
}

function changeOne({ client, name, calls }: TablePlace, action: Change): Promise<WriteResult> {
  const parameters = { TableName: name, ...conditionOf(action) };
  const send = (): Promise<unknown> =>
    action.kind === 'put'
      ? calls.once((options) =>
          client.send(new PutItemCommand({ ...parameters, Item: toAttributes(action.item) }), options),
        )
      : calls.once((options) =>
          client.send(new DeleteItemCommand({ ...parameters, Key: keyAttributes(action.key) }), options),
        );
  return calls.repeat(async () => {
    try {
      await send();
      return { written: true };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return failed([[0, existingIn(error.Item)]]);
      if (error instanceof TransactionConflictException) return undefined;
      throw error;
    }
  }, inTheWay);
}

function writeTransaction({ client, name, calls }: TablePlace, actions: readonly WriteAction[]): Promise<WriteResult> {
  // The same token for every try: if the answer to one got lost, the next is told that it was done.
  const request = new TransactWriteItemsCommand({
    TransactItems: actions.map((action) => transactItem(name, action)),
    ClientRequestToken: randomUUID(),
  });
  let giveUp = inTheWay;
  return calls.repeat(
    async () => {
      try {
        await calls.once((options) => client.send(request, options));
        return { written: true };
      } catch (error) {
        if (error instanceof TransactionInProgressException) {
          giveUp = unanswered;
          return undefined;
        }
        if (!(error instanceof TransactionCanceledException)) throw error;
        const reasons = (error.CancellationReasons ?? []).map(({ Code = 'None', Item: stored }, action) => ({
          code: Code,
          action,
          existing: existingIn(stored),
        }));
        const unmet = reasons.filter(({ code }) => code === 'ConditionalCheckFailed');
        if (unmet.length > 0) return failed(unmet.map(({ action, existing }) => [action, existing]));
        const others = reasons.map(({ code }) => code).filter((code) => code !== 'None');
        if (others.length === 0 || !others.every((code) => passing.has(code))) throw error;
        giveUp = others.includes('TransactionConflict') ? inTheWay : throttled;
        return undefined;
      }
    },
    () => giveUp(),
  );
}

/** Reasons for which a transaction is cancelled that pass by themselves. */
const passing = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

const throttled = (): Error => unavailable('The database takes no more writes for now; nothing was written');
const inTheWay = (): Error => conflict('Other writes kept getting in between; nothing was written, try again');

function transactItem(table: string, action: WriteAction): TransactWriteItem {
  const parameters = { TableName: table, ...conditionOf(action) };
  switch (action.kind) {
    case 'put':
      return { Put: { ...parameters, Item: toAttributes(action.item) } };
    case 'remove':
      return { Delete: { ...parameters, Key: keyAttributes(action.key) } };
    case 'check':
      return {
        ConditionCheck: { ...parameters, ...conditionExpression(action.condition), Key: keyAttributes(action.key) },
      };
  }
}

const conditionOf = ({ condition }: WriteAction) =>
  condition === undefined
    ? {}
    : { ...conditionExpression(condition), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const };

/** An item that failed a condition; DynamoDB gives an empty one, or none, where nothing stood. */
const existingIn = (attributes: Attributes | undefined): Item | undefined =>
  attributes === undefined || Object.keys(attributes).length === 0 ? undefined : fromAttributes(attributes);

const failed = (failures: readonly (readonly [action: number, existing: Item | undefined])[]): WriteResult => ({
  written: false,
  failures: failures.map(([action, existing]) => ({ action, ...(existing === undefined ? {} : { existing }) })),
});

/** DynamoDB refuses a transaction with two actions on one key; DynamoDB Local does not. */
function requireDistinct(actions: readonly WriteAction[]): void {
  const keys = actions.map((action) => (action.kind === 'put' ? action.item : action.key));
  if (new Set(keys.map(textOf)).size < keys.length) {
    throw new Error('A key stands in two actions of one write');
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
function requireRoom(actions: readonly WriteAction[]): void {
  if (actions.length > maxActions) {
    throw tooCostly(
      `This takes ${String(actions.length)} database actions; one transaction has at most ${String(maxActions)}`,
    );
  }
  let all = 0;
  for (const action of actions) {
    if (action.kind !== 'put') continue;
    const bytes = itemBytes(toAttributes(action.item));
    if (bytes > maxItemBytes) {
      throw tooCostly(
        `A resource takes ${String(bytes)} bytes in the database; it has room for ${String(maxItemBytes)}`,
      );
    }
    all += bytes;
  }
  if (actions.length > 1 && all > maxBytes) {
    throw tooCostly(`This takes ${String(all)} bytes; one transaction has at most ${String(maxBytes)}`);
  }
}
