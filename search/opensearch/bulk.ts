import { type Client, errors } from '@opensearch-project/opensearch';
import type { IndexDocument } from './document.js';
import { asked, isBusy, unlessUnreachable, untilDone } from './retry.js';

/** One document to be put, at its resource's version. */
export interface DocumentPut {
  readonly id: string;
  readonly version: number;
  readonly document: IndexDocument;
  /** What is to stand in its place where OpenSearch fails on it; where there is none, such a failure is an outage. */
  readonly opaque?: () => IndexDocument;
  /** Whether it takes the place of a document of the same version, which another program may have made otherwise. */
  readonly again?: boolean;
}

/** What one bulk request may hold. */
const mostPuts = 1_000;
const mostCharacters = 4_000_000;

/** What became of documents that were put. */
export interface PutOutcome<Put extends DocumentPut> {
  /** Those that OpenSearch refuses whatever is tried. */
  readonly refused: readonly Put[];
  /** Whether there is no such alias (any more). */
  readonly isGone: boolean;
}

/**
 * Puts documents; a version that is there already, or a newer one, counts as success.
 *
 * A document that OpenSearch fails on by 500 in every try goes, in the last one, behind its opaque one. Where that is
 * taken and the document is not, in one request and on one shard, it is the document's fault, and the opaque one stays;
 * where neither is, it is an outage, whether of one document or of all. Where the document is only not taken for now, it is
 * tried on, to take the opaque one's place.
 * @param alias of the index.
 * @param refresh when the requests answer: at once, when searches find the documents, or after making them do so.
 * @param longestPause the most milliseconds between two tries; three seconds without it.
 * @throws OperationOutcomeError 503 when OpenSearch stays busy or cannot be reached.
 */
export async function putDocuments<Put extends DocumentPut>(
  client: Client,
  alias: string,
  puts: readonly Put[],
  refresh: boolean | 'wait_for',
  longestPause?: number,
): Promise<PutOutcome<Put>> {
  const refused: Put[] = [];
  let isGone = false;
  const there: Put[] = [];
  /** What was not done for another reason than that OpenSearch failed on it. */
  const busy = new Set<Put>();
  for (const chunk of chunksOf(puts)) {
    /** Those whose opaque document was taken, and which were not themselves, for now. */
    const behind: BulkLines<Put>[] = [];
    try {
      await untilDone(
        chunk,
        async (lines, isLast) => {
          const tried = lines.map((line): BulkLines<Put>[] =>
            isLast && !busy.has(line.put) ? suspected(line) : [line],
          );
          const statuses = await bulk(client, alias, tried.flat(), refresh);
          const again: BulkLines<Put>[] = [];
          let place = 0;
          for (const [i, line] of lines.entries()) {
            const [status, opaque] = statuses.slice(place, (place += tried[i]?.length ?? 0)).toReversed();
            if (status === 500 && isThere(opaque)) continue;
            if (status !== 500) busy.add(line.put);
            if (isBusy(status) && isThere(opaque)) behind.push({ ...line, action: actionOf(line.put, true) });
            else if (status === undefined || isBusy(status)) again.push(line);
            else if (status === 404) isGone = true;
            else if (status === 409) there.push(line.put);
            else if (status >= 400) refused.push(line.put);
          }
          return again.length === 0 ? undefined : again;
        },
        longestPause,
      );
    } finally {
      if (behind.length > 0) await putBehind(client, alias, behind, refresh, longestPause);
    }
  }
  // Another process put the version, or a newer one: that put is not waited for, and nobody may find it yet.
  if (there.length > 0 && refresh !== false) await asked(client.indices.refresh({ index: alias }));
  return { refused, isGone };
}

/**
 * Puts documents in the place of their opaque ones.
 * @throws OperationOutcomeError 503 when OpenSearch stays busy: then they stay opaque until they are indexed anew.
 */
async function putBehind<Put extends DocumentPut>(
  client: Client,
  alias: string,
  behind: readonly BulkLines<Put>[],
  refresh: boolean | 'wait_for',
  longestPause?: number,
): Promise<void> {
  await untilDone(
    behind,
    async (lines, isLast) => {
      const statuses = await bulk(client, alias, lines, refresh);
      const again = lines.filter((_, i) => {
        const status = statuses[i];
        return status === undefined || (isBusy(status) && !(isLast && status === 500)); // the opaque one is for that
      });
      return again.length === 0 ? undefined : again;
    },
    longestPause,
  );
}

/** Whether a document was put, or its version or a newer one was there already. */
const isThere = (status: number | undefined): boolean => status !== undefined && (status < 300 || status === 409);

/** A document as it is sent. */
interface BulkLines<Put> {
  readonly put: Put;
  readonly action: string;
  readonly document: string;
}

const actionOf = ({ id, version }: DocumentPut, again: boolean): string =>
  JSON.stringify({ index: { _id: id, version, version_type: again ? 'external_gte' : 'external' } });

/** A document that may be at fault, as it is sent for the last time: its opaque one gives way to it. */
function suspected<Put extends DocumentPut>(line: BulkLines<Put>): BulkLines<Put>[] {
  const opaque = line.put.opaque?.();
  if (opaque === undefined) return [line];
  return [
    { ...line, document: JSON.stringify(opaque) },
    { ...line, action: actionOf(line.put, true) },
  ];
}

function* chunksOf<Put extends DocumentPut>(puts: readonly Put[]): Generator<readonly BulkLines<Put>[]> {
  let chunk: BulkLines<Put>[] = [];
  let size = 0;
  for (const put of puts) {
    const action = actionOf(put, put.again === true);
    const document = JSON.stringify(put.document);
    if (chunk.length > 0 && (chunk.length >= mostPuts || size + document.length > mostCharacters)) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push({ put, action, document });
    size += document.length;
  }
  if (chunk.length > 0) yield chunk;
}

/** The status of each document; none when the whole request met a busy OpenSearch. */
async function bulk(
  client: Client,
  alias: string,
  lines: readonly BulkLines<unknown>[],
  refresh: boolean | 'wait_for',
): Promise<readonly number[]> {
  try {
    const request = {
      index: alias,
      // The client sends texts as they are; its types know objects only.
      body: lines.flatMap(({ action, document }) => [action, document]) as unknown as Record<string, unknown>[],
      refresh,
      require_alias: true, // never makes an index without the mapping
    };
    const { body } = await client.bulk(request, { maxRetries: 0 }); // it is tried again here, with pauses
    return body.items.map((item) => Object.values(item)[0]?.status ?? 500);
  } catch (error) {
    if (error instanceof errors.ResponseError && isBusy(error.statusCode)) return [];
    throw unlessUnreachable(error);
  }
}
