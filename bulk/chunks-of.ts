import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { OperationOutcomeError, unavailable } from '../fhir/outcome.js';

/** A file gives its next bytes within so many milliseconds, or it broke off. */
const patience = 60_000;

/**
 * The chunks of a file that is read over a network. One that breaks off may be had later, from where it broke off.
 * @param look is called every so many milliseconds, also while nothing comes; what it throws ends the reading.
 * @param every how often, in milliseconds.
 * @throws OperationOutcomeError 503 when the file breaks off, or gives nothing for a minute; as the stream fails with one.
 */
export async function* chunksOf(
  stream: Readable,
  look: () => Promise<void>,
  every: number,
): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let looked = Date.now();
  for (;;) {
    const next = chunks.next();
    next.catch(() => undefined); // told below, unless `look` ends it first
    const asked = Date.now();
    let chunk: IteratorResult<Uint8Array> | undefined;
    while (chunk === undefined) {
      chunk = await within(next, every).catch(brokeOff);
      if (Date.now() - looked >= every) {
        await look();
        looked = Date.now();
      }
      if (chunk === undefined && Date.now() - asked >= patience) brokeOff();
    }
    if (chunk.done === true) return;
    yield chunk.value;
  }
}

function brokeOff(error?: unknown): never {
  if (error instanceof OperationOutcomeError) throw error;
  throw unavailable('A file to be imported broke off. Try again');
}

/** What a promise gives; undefined when it takes longer. */
async function within<Result>(promise: Promise<Result>, milliseconds: number): Promise<Result | undefined> {
  const over = new AbortController();
  const late = setTimeout(milliseconds, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}
