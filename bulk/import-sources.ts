/** Whether a URL is below one of the sources. Who answers it may read an encoded slash or dot as one that leads out. */
export const isBelowSource = (sources: readonly string[], url: string): boolean =>
  sources.some((each) => url.startsWith(each)) && !/%2f|%5c|%2e/i.test(url.split(/[?#]/)[0] ?? '');
