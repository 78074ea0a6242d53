import type { Chance } from '../seed.js';
import type { DiskLog } from './disk-log.js';

/** What of the writes that were on their way a power cut leaves. */
export type Kept = 'none' | 'all' | 'some';

/** A disk writes so many bytes as a whole or not at all. */
const sector = 512;

/** The bytes of a file; what was never written in between is zero. */
class Content {
  #room = Buffer.alloc(0);
  #length = 0;

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  put(offset: number, part: Buffer): void {
    this.cut(Math.max(this.#length, offset + part.length));
    part.copy(this.#room, offset);
  }

  cut(length: number): void {
    if (length > this.#room.length) {
      const room = Buffer.alloc(2 * length);
      this.bytes.copy(room);
      this.#room = room;
    }
    this.#room.fill(0, length, Math.max(length, this.#length));
    this.#length = length;
  }
}

/**
 * The files of a folder after a power cut: what was flushed by a call that had returned is there; of what was written since,
 * sector by sector, nothing, all, or what chance leaves. Names of files are taken for durable in the order they were made in.
 * @param line of the log, at which the power is cut.
 * @returns the bytes of each file, by its path below the folder.
 */
export function afterPowerCut(
  { steps }: Pick<DiskLog, 'steps'>,
  line: number,
  kept: Kept,
  chance: Chance,
): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Content>();
  // A file that is renamed is the same one: writes and flushes go to what the name meant at their time.
  const flushed: { readonly content: Content; readonly begun: number }[] = [];
  const contentOf = (file: string): Content => {
    const known = files.get(file) ?? new Content();
    files.set(file, known);
    return known;
  };
  const before = steps.filter(({ begun }) => begun <= line);
  const contents = new Map<number, Content>();
  for (const [at, step] of before.entries()) {
    const content = contentOf(step.file);
    contents.set(at, content);
    if (step.kind === 'sync' && step.done <= line) flushed.push({ content, begun: step.begun });
    if (step.kind === 'link' || step.kind === 'rename') files.set(step.to, content);
    if (step.kind === 'rename' || step.kind === 'remove') files.delete(step.file);
  }
  for (const [at, step] of before.entries()) {
    const content = contents.get(at) as Content;
    if (step.kind === 'truncate') content.cut(step.length);
    if (step.kind === 'create' && step.isEmptied) content.cut(0);
    if (step.kind !== 'write') continue;
    const isThere =
      (step.isDurable && step.done <= line) ||
      flushed.some((each) => each.content === content && each.begun >= step.done);
    for (let from = 0; from < step.bytes.length;) {
      const end = Math.min(step.bytes.length, from + sector - ((step.offset + from) % sector));
      if (isThere || kept === 'all' || (kept === 'some' && chance.once(2))) {
        content.put(step.offset + from, step.bytes.subarray(from, end));
      }
      from = end;
    }
  }
  return new Map([...files].map(([file, { bytes }]) => [file, bytes]));
}
