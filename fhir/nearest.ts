/** Longer names are not compared: no element's or code's name is. */
const longest = 64;

/** How many letters must be put in, left out, changed or swapped with the next to make one text of another. */
const distance = (from: string, to: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length] ?? 0;
};

/**
 * Finds the name that was probably meant.
 * @param name as it was written.
 * @param names those there are.
 * @returns the nearest that differs in at most two letters (one in short names); undefined when there is none.
 */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  if (name.length > longest) return undefined;
  const bare = name.toLowerCase();
  let best: string | undefined;
  let least = bare.length < 5 ? 1 : 2;
  for (const each of names) {
    if (Math.abs(each.length - name.length) > least || each.length < 3) continue;
    const far = distance(bare, each.toLowerCase());
    if (far < least || (far === least && best === undefined)) [best, least] = [each, far];
  }
  return best;
}
