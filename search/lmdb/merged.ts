import type { Place } from './documents.js';

/** The places of several walks, each in order and with the walk it is of, as one walk in that order. */
export function* merged<Walk extends { readonly places: Iterable<Place> }>(
  walks: readonly Walk[],
  compare: (a: Place, b: Place) => number,
): Generator<{ readonly walk: Walk; readonly place: Place }> {
  const [only, second] = walks;
  if (only !== undefined && second === undefined) {
    for (const place of only.places) yield { walk: only, place };
    return;
  }
  const heads = walks.flatMap((walk) => {
    const rest = walk.places[Symbol.iterator]();
    const first = rest.next();
    return first.done === true ? [] : [{ walk, rest, place: first.value }];
  });
  try {
    while (heads.length > 0) {
      let next = 0;
      for (const [i, { place }] of heads.entries()) {
        const best = heads[next];
        if (best !== undefined && compare(place, best.place) < 0) next = i;
      }
      const head = heads[next];
      if (head === undefined) return;
      yield { walk: head.walk, place: head.place };
      const following = head.rest.next();
      if (following.done === true) heads.splice(next, 1);
      else head.place = following.value;
    }
  } finally {
    for (const { rest } of heads) rest.return?.();
  }
}

/** Several walks, each in order, as one walk in that order: what stands in several of them comes once. */
export function* together<Each extends string>(
  walks: readonly Iterable<Each>[],
  isBefore: (a: Each, b: Each) => boolean,
): Generator<Each> {
  const [only, second] = walks;
  if (only !== undefined && second === undefined) {
    yield* only;
    return;
  }
  const rests = walks.map((each) => each[Symbol.iterator]());
  try {
    const heads = rests.map((each) => each.next());
    for (;;) {
      let next: Each | undefined;
      for (const head of heads) {
        if (head.done !== true && (next === undefined || isBefore(head.value, next))) next = head.value;
      }
      if (next === undefined) return;
      yield next;
      for (const [i, each] of rests.entries()) {
        const head = heads[i];
        if (head?.done !== true && head?.value === next) heads[i] = each.next();
      }
    }
  } finally {
    for (const each of rests) each.return?.();
  }
}
