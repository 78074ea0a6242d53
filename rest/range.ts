import type { ByteRange } from '../persistence/content-store.js';

/**
 * The part of a content that a Range header asks for. https://www.rfc-editor.org/rfc/rfc9110#name-range
 * @param size of the content, in bytes.
 * @returns undefined for all of it: without the header, and for what is not understood or has several parts, which a
 * server may answer with the whole; `unsatisfiable` when nothing of it is there.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replace(/\s/g, '') ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { from: size - length, to: size - 1 };
  }
  const [from, to] = [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)];
  if (last !== '' && Number(last) < from) return undefined;
  return from >= size ? 'unsatisfiable' : { from, to };
}

/** The header that tells which part an answer is. */
export const contentRange = (range: ByteRange | 'unsatisfiable', size: number): string =>
  range === 'unsatisfiable'
    ? `bytes */${String(size)}`
    : `bytes ${String(range.from)}-${String(range.to)}/${String(size)}`;
