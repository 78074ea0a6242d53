/** A line of a file, and where the next one begins, in bytes. */
export interface FileLine {
  /** Undefined for one that cannot be had. */
  readonly text: string | undefined;
  /** Why it cannot: it is too long, and was not kept, or it is no UTF-8. */
  readonly wrong?: 'length' | 'encoding';
  readonly end: number;
}

const newline = 0x0a;
/** A byte order mark before a line is none of its letters. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a line: another encoding taken for UTF-8 would change letters, and nobody would notice. */
function decoded(bytes: Buffer): Omit<FileLine, 'end'> {
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { text: undefined, wrong: 'encoding' };
  }
}

/**
 * The lines of a file, one at a time: of the rest of the file only a chunk is in memory.
 * @param from where the chunks begin in the file, in bytes: behind the end of a line.
 * @param longest in bytes.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
  longest: number,
): AsyncGenerator<FileLine> {
  let parts: Uint8Array[] = [];
  let length = 0;
  let end = from;
  const line = (): FileLine => {
    const bytes = length > longest ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return { ...(bytes === undefined ? ({ text: undefined, wrong: 'length' } as const) : decoded(bytes)), end };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, start)) {
      length += at - start;
      if (length <= longest) parts.push(chunk.subarray(start, at));
      end += at + 1 - start;
      start = at + 1;
      yield line();
    }
    length += chunk.length - start;
    end += chunk.length - start;
    if (length <= longest) parts.push(chunk.subarray(start));
    else parts = [];
  }
  if (length > 0) yield line();
}
