import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item, ItemKey, Table } from '../table.js';
import { fromAttributes, keyAttributes } from './attributes.js';
import type { TablePlace } from './place.js';
import { readItems } from './read.js';

/** How many single reads go by themselves at a time. */
const byThemselves = 2;
/** The longest that a read waits for others, in milliseconds: one that hangs must not hold up the rest. */
const longestWait = 10;

interface Waiting {
  readonly key: ItemKey;
  readonly resolve: (item: Item | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads of single items, those together that come while others are under way: many callers at once cost a few
 * BatchGetItem calls instead of one GetItem each, with the same units. A function that serves one request at a time
 * sees no difference. Strongly consistent: what goes together is read after the last of it was asked for.
 */
export function gatheredReads(place: TablePlace): Table['get'] {
  const { client, name, calls } = place;
  let underWay = 0;
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;

  async function counted<Result>(read: () => Promise<Result>): Promise<Result> {
    underWay += 1;
    try {
      return await read();
    } finally {
      underWay -= 1;
      if (waiting.length > 0) sendTogether();
    }
  }

  const readOne: Table['get'] = async (key) => {
    const request = new GetItemCommand({ TableName: name, Key: keyAttributes(key), ConsistentRead: true });
    const { Item: stored } = await calls.once((signal) => client.send(request, signal));
    return stored === undefined ? undefined : fromAttributes(stored);
  };

  function sendTogether(): void {
    clearTimeout(timer);
    const together = waiting;
    waiting = [];
    const [first] = together;
    if (first === undefined) return;
    const keys = together.map(({ key }) => key);
    const read = async (): Promise<readonly (Item | undefined)[]> =>
      together.length === 1 ? [await readOne(first.key)] : readItems(place, keys);
    counted(read).then(
      (items) => {
        for (const [at, { resolve }] of together.entries()) resolve(items[at]);
      },
      (error: unknown) => {
        for (const { reject } of together) reject(error);
      },
    );
  }

  return (key) => {
    if (underWay < byThemselves) return counted(() => readOne(key));
    return new Promise((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) === 1) timer = setTimeout(sendTogether, longestWait);
    });
  };
}
