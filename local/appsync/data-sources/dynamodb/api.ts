/** A value in DynamoDB's wire form: `N` is text, `B` Base64 text. */
export type WireValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly WireValue[] }
  | { readonly M: WireItem };

/** An item, or a key. */
export interface WireItem {
  readonly [attribute: string]: WireValue;
}

/** Members of an operation's input or output, by DynamoDB's names. */
export type WireMembers = Readonly<Record<string, unknown>>;

/** The operations used, by their names in DynamoDB's API. */
export type DynamoDbOperation =
  | 'GetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'Query'
  | 'Scan'
  | 'BatchGetItem'
  | 'BatchWriteItem'
  | 'TransactGetItems'
  | 'TransactWriteItems';

/**
 * DynamoDB's API as far as AppSync uses it. Adapters: `local-tables.ts` (in memory), `client.ts` (an endpoint).
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html
 */
export interface DynamoDbApi {
  /** @throws DynamoDbError */
  send(operation: DynamoDbOperation, input: WireMembers): Promise<WireMembers>;
}

/** One of `CancellationReasons` of a transaction that was not done. */
export interface CancellationReason {
  /** `None` for an action that could have been done. */
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: WireItem;
}

/** A failure of an operation, by the name DynamoDB gives it. */
export class DynamoDbError extends Error {
  /** The item that stood where a condition failed, when it was asked for. */
  readonly item: WireItem | undefined;
  readonly reasons: readonly CancellationReason[];
  constructor(name: string, message: string, more: { item?: WireItem; reasons?: readonly CancellationReason[] } = {}) {
    super(message);
    this.name = name;
    this.item = more.item;
    this.reasons = more.reasons ?? [];
  }
}

/** A request that breaks DynamoDB's rules. */
export const validationError = (message: string): DynamoDbError => new DynamoDbError('ValidationException', message);
