import { type JobChange, jobChange } from '../persistence/job-change.js';
import { StoreError } from '../persistence/store-error.js';
import type { ItemChange, Table } from '../persistence/table.js';
import { resourceChange, type ResourceChange } from './resource-change.js';
import { feedNews } from './feed-news.js';
import { interruptibleSleep, pauseAfter } from './interruptible-sleep.js';

/** What a publisher reads, and where it keeps how far it has come. */
export interface PublishedFeed {
  readonly changes: Table['changes'];
  /** The position of the last change; undefined when there never was one. */
  end(): string | undefined;
  /** How far was published; undefined when nothing was kept. */
  readPlace(): string | undefined;
  writePlace(position: string): Promise<void>;
  /** Calls a function whenever there may be something new. */
  onChange(listener: () => void): void;
}

/** What publishing met; never what is in a resource. */
export interface PublishingProblem {
  readonly what:
    | 'the change feed cannot be read'
    | 'changes were lost: subscribers were not told of them'
    | 'a change cannot be read'
    | 'a change cannot be published'
    | 'how far was published cannot be kept';
  readonly error: unknown;
  readonly version?: Pick<ResourceChange, 'type' | 'id' | 'versionId'>;
}

/** What a publisher is given. */
export interface PublishOptions {
  readonly feed: PublishedFeed;
  /** Tells subscribers; what it throws makes the change be told again. */
  readonly publish: (change: ResourceChange) => Promise<void>;
  /** Tells subscribers of a job, likewise; without it they are told of none. */
  readonly publishJob?: (change: JobChange) => Promise<void>;
  /** Whether there is anybody to tell; changes made while there is nobody are passed over. Always without it. */
  readonly isHeard?: () => boolean;
  readonly onProblem: (problem: PublishingProblem) => void;
  /** How long what was left by a process that was killed waits for subscribers to come back, in milliseconds. */
  readonly patience?: number;
  /** How long to wait when there is nothing new, in milliseconds. */
  readonly idle?: number;
  /** The first pause after something failed, doubled each time up to a minute, in milliseconds. */
  readonly pause?: number;
  /** How often the place is kept at most, in milliseconds: so much is told twice after a kill. */
  readonly keepEvery?: number;
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** A publisher that runs. */
export interface Publisher {
  /** Ends it after the change under way, and keeps the place. */
  stop(): Promise<void>;
}

const pageSize = 500;

/**
 * Tells subscribers of every change of a feed at least once, those of a resource in their order: the place is kept
 * after the change was told. A change that cannot be told holds up those behind it.
 */
export function publishChanges(options: PublishOptions): Publisher {
  const { feed, publish, publishJob, isHeard = () => true, onProblem, now = Date.now } = options;
  const { patience = 60_000, idle = 250, pause = 500, keepEvery = 1000 } = options;
  let stopped = false;
  const pauses = interruptibleSleep(() => stopped);
  const { sleep, wake } = pauses;
  const news = feedNews((listener) => {
    feed.onChange(listener);
  }, pauses);

  let place = feed.readPlace();
  let kept = { place, at: now() };
  /** Until when what a killed process left waits for somebody to hear it. */
  const waitsUntil = place !== undefined && place !== feed.end() ? now() + patience : 0;

  async function keepPlace(): Promise<void> {
    if (place === undefined || place === kept.place) return;
    try {
      await feed.writePlace(place);
      kept = { place, at: now() };
    } catch (error) {
      onProblem({ what: 'how far was published cannot be kept', error });
    }
  }

  function readChange(change: ItemChange): ResourceChange | undefined {
    try {
      return resourceChange(change);
    } catch (error) {
      onProblem({ what: 'a change cannot be read', error });
      return undefined;
    }
  }

  async function tell(work: () => Promise<void>, version?: PublishingProblem['version']): Promise<void> {
    for (let failures = 0; !stopped; failures += 1) {
      try {
        await work();
        return;
      } catch (error) {
        onProblem({ what: 'a change cannot be published', error, ...(version === undefined ? {} : { version }) });
        await sleep(pauseAfter(pause, failures));
      }
    }
    throw new Stopped();
  }

  async function tellOf(item: ItemChange): Promise<void> {
    const job = publishJob === undefined ? undefined : jobChange(item);
    if (job !== undefined) await tell(async () => publishJob?.(job));
    const change = readChange(item);
    if (change === undefined) return;
    const { type, id, versionId } = change;
    await tell(() => publish(change), { type, id, versionId });
  }

  /** Tells of a page; the place is behind what was told, wherever it ends. */
  async function tellPage(page: readonly ItemChange[]): Promise<void> {
    for (const item of page) {
      await tellOf(item);
      place = item.position;
    }
  }

  async function run(): Promise<void> {
    for (let failures = 0; !stopped;) {
      if (now() - kept.at >= keepEvery) await keepPlace();
      if (!isHeard()) {
        if (now() >= waitsUntil) place = feed.end() ?? place;
        await sleep(idle);
        continue;
      }
      try {
        news.reading();
        const page = await feed.changes({ limit: pageSize, ...(place === undefined ? {} : { after: place }) });
        await tellPage(page);
        failures = 0;
        if (page.length === 0) await news.rest(idle);
      } catch (error) {
        if (error instanceof Stopped) break;
        const lost = error instanceof StoreError;
        if (lost) place = undefined; // what the feed still has is told
        const what = lost ? 'changes were lost: subscribers were not told of them' : 'the change feed cannot be read';
        onProblem({ what, error });
        await sleep(pauseAfter(pause, failures));
        failures += 1;
      }
    }
    await keepPlace();
  }

  const running = run();
  return {
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}

/** The publisher was stopped before a change was told. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}
