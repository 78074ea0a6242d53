/**
 * What was made of texts lately. Together the texts are bounded in characters, since what is made of one grows with it: a
 * document takes a hundred times its text. The one set first is forgotten first.
 */
export class Remembered<Value> {
  private readonly most: number;
  private readonly known = new Map<string, Value>();
  private characters = 0;

  /** @param most so many characters are remembered; a text of more than a tenth of them is not. */
  constructor(most = 200_000) {
    this.most = most;
  }

  get(text: string): Value | undefined {
    return this.known.get(text);
  }

  set(text: string, value: Value): void {
    if (text.length > this.most / 10 || this.known.has(text)) return;
    this.known.set(text, value);
    this.characters += text.length;
    for (const oldest of this.known.keys()) {
      if (this.characters <= this.most) return;
      this.known.delete(oldest);
      this.characters -= oldest.length;
    }
  }
}
