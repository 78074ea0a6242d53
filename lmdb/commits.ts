import type { Database, Key, RootDatabase } from 'lmdb';

/** A database whose changes are collected by `Commits`: what is read while they are made has them already. */
export interface CollectedDatabase<Value, DatabaseKey extends Key> {
  get(key: DatabaseKey): Value | undefined;
  put(key: DatabaseKey, value: Value): void;
  /** @param value one of a key's values, where it has many. */
  remove(key: DatabaseKey, value?: Value): void;
  /** Whether what is collected at this moment changes anything in it. */
  isChanged(): boolean;
  /**
   * Whether a change of a key is on its way to the disk: what is read of it now may be another in a moment.
   * @param keyOf makes the key; it is not called when nothing is.
   */
  isUnderWay(keyOf: () => DatabaseKey): boolean;
}

/** The same for one that is not read while its changes are made. */
export type UnreadDatabase<Value, DatabaseKey extends Key> = Pick<
  CollectedDatabase<Value, DatabaseKey>,
  'put' | 'remove' | 'isUnderWay'
>;

/** What a commit is about to write. */
export interface Wanted {
  /** How many keys change, at most so many pages and those above them. */
  readonly keys: number;
  /** The values that are put; what they take is looked at only where it matters. */
  readonly values: readonly unknown[];
  /** Whether it takes little, and others wait for it: how far a reader has come. */
  readonly isSmall: boolean;
}

/** Looks after the disk that an environment is on (docs/adr/0091-a-full-disk-is-met-before-it-is-full.md). */
export interface Room {
  /** Asked before anything is written. @throws Error when there is no room for it; then nothing of it is. */
  require(wanted: Wanted): void;
  /** Told why something could not be written. @returns what is told to who asked for it. */
  failed(error: unknown): unknown;
}

/** The commits of one LMDB environment, one after the other (docs/adr/0084-commits-leave-the-event-loop.md). */
export interface Commits {
  /** Collects the changes of a database that must have no other way to change while commits are under way. */
  database<Value, DatabaseKey extends Key>(
    database: Database<Value, DatabaseKey>,
  ): CollectedDatabase<Value, DatabaseKey>;
  /** As `database`, for one that commits change and do not read: less is kept of what is collected. */
  unread<Value, DatabaseKey extends Key>(database: Database<Value, DatabaseKey>): UnreadDatabase<Value, DatabaseKey>;
  /**
   * Commits what a function puts into collected databases, all of it or, when it throws, nothing; others that wait go with it.
   * @param change is called when all before it is committed, and may be called again when the commit failed.
   * @returns what the function returned, once it is on disk. Rejects by what it threw, or by why it could not be written.
   */
  commit<Result>(change: () => Result): Promise<Result>;
  /** As `commit`, for what is to be written though the disk is nearly full: how far a reader has come, not a resource. */
  commitSmall<Result>(change: () => Result): Promise<Result>;
  /** As `commit`, in a commit of its own. */
  commitAlone<Result>(change: () => Result): Promise<Result>;
  /** Calls a function while nothing is under way, for transactions of its own. */
  between<Result>(action: () => Result): Promise<Result>;
  /** As `between`, for what only takes something away, and is done though the disk is nearly full. */
  betweenSmall<Result>(action: () => Result): Promise<Result>;
  /** Waits for all that was asked for until now. */
  settled(): Promise<void>;
  /** As `settled`, and refuses what is asked for later: to be called before the environment is closed. */
  close(): Promise<void>;
}

interface Asked {
  readonly kind: 'commit' | 'small' | 'alone' | 'between' | 'between-small';
  readonly action: () => unknown;
  readonly settle: (outcome: Outcome) => void;
}
type Outcome = { readonly result: unknown } | { readonly error: unknown };

const opened = new WeakMap<RootDatabase, Commits>();

/** Room that never ends. */
const endless: Room = { require: () => undefined, failed: (error) => error };

/**
 * The commits of an environment, the same ones for each who asks.
 * @param room what looks after the disk: of who asks first.
 */
export function commitsOf(root: RootDatabase, room = endless): Commits {
  const known = opened.get(root);
  if (known !== undefined) return known;
  const made = openCommits(root, room);
  opened.set(root, made);
  return made;
}

function openCommits(root: RootDatabase, room: Room): Commits {
  const asked: Asked[] = [];
  let running: Promise<void> | undefined;
  let isClosed = false;
  let isCollecting = false;
  let operations: (() => void)[] = [];
  let values: unknown[] = [];
  /** What is collected or under way, by database. */
  const touched = new Set<{ clear(): void }>();
  /** Whether the last commit of LMDB's thread went well; after one that did not, its errors are told where they happen. */
  let isTrusted = true;

  function database<Value, DatabaseKey extends Key>(
    stored: Database<Value, DatabaseKey>,
  ): CollectedDatabase<Value, DatabaseKey> {
    const byKey = new Map<DatabaseKey | string, { readonly value: Value | undefined }>();
    function change(key: DatabaseKey, value: Value | undefined, operation: () => void): void {
      if (!isCollecting) {
        operation(); // in a transaction of whoever asks
        return;
      }
      byKey.set(nameOf(key), { value });
      if (value !== undefined) values.push(value);
      touched.add(byKey);
      operations.push(operation);
    }
    return {
      get(key) {
        const collected = isCollecting ? byKey.get(nameOf(key)) : undefined;
        return collected === undefined ? stored.get(key) : collected.value;
      },
      put(key, value) {
        change(key, value, () => void stored.put(key, value));
      },
      remove(key, value) {
        change(key, undefined, () => void (value === undefined ? stored.remove(key) : stored.remove(key, value)));
      },
      isChanged: () => isCollecting && byKey.size > 0,
      isUnderWay: (keyOf) => byKey.size > 0 && byKey.has(nameOf(keyOf())),
    };
  }

  function unread<Value, DatabaseKey extends Key>(
    stored: Database<Value, DatabaseKey>,
  ): UnreadDatabase<Value, DatabaseKey> {
    const keys = new Set<DatabaseKey | string>();
    function change(key: DatabaseKey, value: Value | undefined, operation: () => void): void {
      if (!isCollecting) {
        operation(); // in a transaction of whoever asks
        return;
      }
      keys.add(nameOf(key));
      if (value !== undefined) values.push(value);
      touched.add(keys);
      operations.push(operation);
    }
    return {
      put(key, value) {
        change(key, value, () => void stored.put(key, value));
      },
      remove(key, value) {
        change(key, undefined, () => void (value === undefined ? stored.remove(key) : stored.remove(key, value)));
      },
      isUnderWay: (keyOf) => keys.size > 0 && keys.has(nameOf(keyOf())),
    };
  }

  function forget(): void {
    operations = [];
    values = [];
    for (const changes of touched) changes.clear();
    touched.clear();
  }

  function collect(actions: readonly (() => unknown)[]): readonly unknown[] {
    isCollecting = true;
    try {
      return actions.map((action) => action());
    } finally {
      isCollecting = false;
    }
  }

  const putAll = (): void => {
    for (const operation of operations) operation();
  };

  /** Hands what is collected to LMDB's thread, and waits until it is on disk. */
  async function writeElsewhere(): Promise<void> {
    const thrown: unknown[] = [];
    const written = root.batch(() => {
      try {
        putAll();
      } catch (error) {
        thrown.push(error);
        undo(root);
      }
    });
    try {
      await written;
    } catch (error) {
      const cause = await causeOf(error); // looked at in any case: nobody else does
      throw thrown[0] ?? cause;
    }
  }

  /** Puts what is collected on disk, on LMDB's own thread or, when that failed the last time, on this one. */
  async function write(isSmall = false): Promise<void> {
    if (operations.length === 0) return;
    room.require({ keys: operations.length, values, isSmall });
    try {
      if (isTrusted) {
        isTrusted = false;
        await writeElsewhere();
      } else {
        root.transactionSync(putAll);
      }
      isTrusted = true;
    } catch (error) {
      throw room.failed(error);
    }
  }

  async function commitOne({ kind, action, settle }: Asked): Promise<void> {
    let outcome: Outcome;
    try {
      const [result] = collect([action]);
      await write(kind === 'small');
      outcome = { result };
    } catch (error) {
      outcome = { error };
    }
    forget();
    settle(outcome);
  }

  async function commitTogether(group: readonly Asked[]): Promise<void> {
    let results: readonly unknown[];
    try {
      results = collect(group.map(({ action }) => action));
      await write();
    } catch {
      // Nothing of the group is done: one of it threw, or it could not be written. Each is done again, so that one's failure
      // is no other's, and is told of by itself.
      forget();
      for (const each of group) await commitOne(each);
      return;
    }
    forget();
    group.forEach(({ settle }, place) => {
      settle({ result: results[place] });
    });
  }

  async function run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // what the same turn of the event loop asks for goes together
    for (let next = asked[0]; next !== undefined; next = asked[0]) {
      if (next.kind === 'commit' || next.kind === 'small') {
        const others = asked.findIndex(({ kind }) => kind !== 'commit' && kind !== 'small');
        await commitTogether(asked.splice(0, others < 0 ? asked.length : others));
      } else {
        asked.shift();
        if (next.kind === 'alone') await commitOne(next);
        else next.settle(outcomeOf(() => ownTransaction(next)));
      }
    }
    running = undefined;
  }

  /** A transaction that clears a database changes its pages' list, and little else. */
  function ownTransaction({ kind, action }: Asked): unknown {
    room.require({ keys: 1, values: [], isSmall: kind === 'between-small' });
    try {
      return action();
    } catch (error) {
      throw room.failed(error);
    }
  }

  function ask<Result>(kind: Asked['kind'], action: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome): void => {
        if ('result' in outcome) resolve(outcome.result as Result);
        else reject(outcome.error instanceof Error ? outcome.error : new Error(String(outcome.error)));
      };
      if (isClosed) throw new Error('The store is closed');
      asked.push({ kind, action, settle });
      running ??= run();
    });
  }

  async function settled(): Promise<void> {
    if (running !== undefined) await ask('commit', () => undefined); // an empty one, which goes with those before it
  }

  return {
    database,
    unread,
    commit: (change) => ask('commit', change),
    commitSmall: (change) => ask('small', change),
    commitAlone: (change) => ask('alone', change),
    between: (action) => ask('between', action),
    betweenSmall: (action) => ask('between-small', action),
    settled,
    close() {
      const last = settled();
      isClosed = true;
      return last;
    },
  };
}

const nameOf = <DatabaseKey extends Key>(key: DatabaseKey): DatabaseKey | string =>
  key instanceof Uint8Array ? Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1') : key;

function outcomeOf(action: () => unknown): Outcome {
  try {
    return { result: action() };
  } catch (error) {
    return { error };
  }
}

/**
 * Makes LMDB's thread undo the transaction that it has been handed a part of: what it cannot put undoes all, and no database
 * has this number.
 */
function undo(root: RootDatabase): void {
  const nowhere = Object.create(root, { db: { value: { dbi: 0x7fff_ffff } } }) as RootDatabase;
  nowhere.put('undo', true).catch(() => undefined);
}

/** Why LMDB's thread failed, which it tells by a promise beside the error. */
async function causeOf(error: unknown): Promise<unknown> {
  const told: unknown = error instanceof Error && 'commitError' in error ? error.commitError : undefined;
  try {
    await told;
    return error;
  } catch (cause) {
    return cause;
  }
}
