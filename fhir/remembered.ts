/**
 * What was made or read lately, by a text. Bounded by sizes together, since a number of things would not bound memory: the
 * one set first is forgotten first.
 */
export class Remembered<Value> {
  private readonly most: number;
  private readonly known = new Map<string, { readonly value: Value; readonly size: number }>();
  private together = 0;

  /** @param most the greatest sum of sizes; what has more than a tenth of it is not remembered. */
  constructor(most = 200_000) {
    this.most = most;
  }

  get(text: string): Value | undefined {
    return this.known.get(text)?.value;
  }

  /** @param size in characters; that of the text, where what is made of it grows with it. */
  set(text: string, value: Value, size = text.length): void {
    if (size > this.most / 10 || this.known.has(text)) return;
    this.known.set(text, { value, size });
    this.together += size;
    for (const oldest of this.known.keys()) {
      if (this.together <= this.most) return;
      this.forget(oldest);
    }
  }

  forget(text: string): void {
    this.together -= this.known.get(text)?.size ?? 0;
    this.known.delete(text);
  }

  clear(): void {
    this.known.clear();
    this.together = 0;
  }
}
