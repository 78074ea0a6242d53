/** An operation as its client knows it: when it was asked for and answered, by one clock. */
export interface Timed<Operation> {
  readonly operation: Operation;
  readonly began: number;
  /** Infinity when no answer came: it may take effect at any time, or never. */
  readonly ended: number;
}

/** What operations do one after the other. */
export interface Model<State, Operation> {
  readonly initial: State;
  /** @returns the state afterwards, the same object when nothing changes; undefined when it cannot be answered so. */
  step(state: State, operation: Operation): State | undefined;
  /** A text that is the same for equal states. */
  key(state: State): string;
}

/** Whether operations have an order, and what is known where they have none. */
export type Verdict<Operation> =
  | { readonly kind: 'linearisable' }
  /** The operations of which none can be the next one, where most of them were in an order. */
  | { readonly kind: 'not linearisable'; readonly ordered: number; readonly stuckAt: readonly Operation[] }
  | { readonly kind: 'undecided' };

/**
 * Looks for an order of operations in which each is answered as if it were done at one moment between its call and its
 * answer, by Wing's and Gong's search, with the states remembered from which there is none.
 * https://doi.org/10.1006/jpdc.1993.1015 https://www.cs.ox.ac.uk/people/gavin.lowe/LinearizabiltyTesting/paper.pdf
 *
 * An operation that changes nothing takes the first place it fits in: whatever comes later, it hinders nothing there.
 * @param most states looked at before it is given up.
 */
export function linearizable<State, Operation>(
  model: Model<State, Operation>,
  history: readonly Timed<Operation>[],
  most = 1_000_000,
): Verdict<Operation> {
  const all = history.toSorted((a, b) => a.began - b.began);
  const done = all.map(() => false);
  const hopeless = new Set<string>();
  let [left, looked] = [all.filter(({ ended }) => ended < Infinity).length, 0];
  let best: { readonly ordered: number; readonly stuckAt: readonly Operation[] } = { ordered: -1, stuckAt: [] };

  /** The operations that may be next: those that began before any other that is left was answered. */
  function candidates(first: number): number[] {
    const found: number[] = [];
    let limit = Infinity;
    for (let at = first; at < all.length; at += 1) {
      const { began, ended } = all[at] as Timed<Operation>;
      if (began > limit) break;
      if (done[at] === true) continue;
      limit = Math.min(limit, ended);
      found.push(at);
    }
    return found;
  }

  function follow(at: number, state: State, first: number): boolean {
    const isAnswered = (all[at] as Timed<Operation>).ended < Infinity;
    done[at] = true;
    if (isAnswered) left -= 1;
    const isFound = order(state, first);
    done[at] = false;
    if (isAnswered) left += 1;
    return isFound;
  }

  function order(state: State, from: number): boolean {
    if (left === 0) return true;
    let first = from;
    while (done[first] === true) first += 1;
    const next = candidates(first);
    const key = `${String(first)} ${doneBehind(first)} ${model.key(state)}`;
    if (hopeless.has(key)) return false;
    if ((looked += 1) > most) return false;
    const steps = next.map((at) => model.step(state, (all[at] as Timed<Operation>).operation));
    const idle = steps.indexOf(state);
    if (idle >= 0) {
      if (follow(next[idle] as number, state, first)) return true;
    } else {
      for (const [place, after] of steps.entries()) {
        if (after !== undefined && follow(next[place] as number, after, first)) return true;
      }
    }
    const ordered = done.filter((each) => each).length;
    if (ordered > best.ordered) best = { ordered, stuckAt: next.map((at) => (all[at] as Timed<Operation>).operation) };
    hopeless.add(key);
    return false;
  }

  /** Which operations behind the first that is left are done. */
  function doneBehind(first: number): string {
    let text = '';
    for (let at = first; at < all.length; at += 1) if (done[at] === true) text += `${String(at)},`;
    return text;
  }

  if (order(model.initial, 0)) return { kind: 'linearisable' };
  return looked > most ? { kind: 'undecided' } : { kind: 'not linearisable', ...best };
}
