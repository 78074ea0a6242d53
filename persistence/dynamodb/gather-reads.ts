import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { timeLeft, withoutDeadline } from '../../fhir/deadline.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';
import { unanswered } from '../aws-call.js';
import { textOf } from '../key-text.js';
import type { Item, ItemKey, Table } from '../table.js';
import { fromAttributes, keyAttributes } from './attributes.js';
import type { TablePlace } from './place.js';
import { readItems } from './read.js';

/** How many single reads go by themselves at a time. */
const byThemselves = 2;
/** The longest that a read waits for others, in milliseconds: one that hangs must not hold up the rest. */
const longestWait = 10;

/** What is read with others, no longer than who asked for it waits. */
async function inTime<Result>(read: Promise<Result>): Promise<Result> {
  const left = timeLeft();
  if (left === Infinity) return read;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(unanswered());
    }, left);
  });
  try {
    return await Promise.race([read, late]);
  } finally {
    clearTimeout(timer);
  }
}

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
    // Of several requests: none of them ends the others' reads with its own time.
    void withoutDeadline(() => counted(() => tellAll(together)));
  }

  /** Never rejects: each of them is told. */
  async function tellAll(together: readonly Waiting[]): Promise<void> {
    try {
      if (together.length === 1) {
        await tellEach(together);
        return;
      }
      const keys = together.map(({ key }) => key);
      const byKey = new Map<string, Waiting[]>();
      for (const each of together) {
        const text = textOf(each.key);
        const others = byKey.get(text);
        if (others === undefined) byKey.set(text, [each]);
        else others.push(each);
      }
      // Whoever's item is read does not wait, nor fail, for one that DynamoDB keeps leaving out.
      const items = await readItems(place, keys, (item) => {
        for (const { resolve } of byKey.get(textOf(item)) ?? []) resolve(item);
      });
      for (const [at, { resolve }] of together.entries()) resolve(items[at]);
    } catch (error) {
      // What DynamoDB refuses it refuses for one of them: the others are not to blame.
      if (!(error instanceof OperationOutcomeError)) await tellEach(together);
      else for (const { reject } of together) reject(error);
    }
  }

  const tellEach = (each: readonly Waiting[]): Promise<unknown> =>
    Promise.all(each.map(({ key, resolve, reject }) => readOne(key).then(resolve, reject)));

  return (key) => {
    if (underWay < byThemselves) return counted(() => readOne(key));
    const read = new Promise<Item | undefined>((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) === 1) timer = setTimeout(sendTogether, longestWait);
    });
    return inTime(read);
  };
}
