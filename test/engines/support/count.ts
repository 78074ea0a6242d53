import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** What was sent to DynamoDB since the last time it was asked: the commands' names in order, and the units they took. */
export interface Cost {
  readonly calls: readonly string[];
  readonly readUnits: number;
  readonly writeUnits: number;
}

interface Consumed {
  readonly CapacityUnits?: number;
}

/** Counts the commands of a client and the capacity they consume. */
export function counting(client: DynamoDBClient): { take(): Cost } {
  let calls: string[] = [];
  let units = { read: 0, write: 0 };
  client.middlewareStack.add(
    (next, context) => async (parameters) => {
      Object.assign(parameters.input, { ReturnConsumedCapacity: 'INDEXES' });
      const name = (context.commandName ?? '').replace(/Command$/, '');
      calls.push(name);
      const result = await next(parameters);
      const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Consumed | readonly Consumed[] };
      for (const { CapacityUnits = 0 } of [ConsumedCapacity ?? []].flat()) {
        units[/^(Get|BatchGet|Query|Scan)/.test(name) ? 'read' : 'write'] += CapacityUnits;
      }
      return result;
    },
    { step: 'initialize', name: 'counting' },
  );
  return {
    take() {
      const cost = { calls, readUnits: units.read, writeUnits: units.write };
      calls = [];
      units = { read: 0, write: 0 };
      return cost;
    },
  };
}
