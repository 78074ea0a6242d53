import type { InterruptibleSleep } from './interruptible-sleep.js';

/** Whether a feed may have something new for the loop that reads it. */
export interface FeedNews {
  /** The loop reads the feed now: what comes from here on is news. */
  readonly reading: () => void;
  /** A pause of so many milliseconds, which news ends, and which is none when there is news already. */
  readonly rest: (milliseconds: number) => Promise<void>;
}

/**
 * Watches a feed for a loop. News ends no other pause of the loop, such as the one after a failure.
 * @param onChange calls a function whenever there may be something new.
 */
export function feedNews(onChange: (listener: () => void) => void, { sleep, wake }: InterruptibleSleep): FeedNews {
  const news = { came: false, wakes: false };
  onChange(() => {
    news.came = true;
    if (news.wakes) wake();
  });
  return {
    reading() {
      news.came = false;
    },
    async rest(milliseconds) {
      if (news.came) return;
      news.wakes = true;
      await sleep(milliseconds);
      news.wakes = false;
    },
  };
}
