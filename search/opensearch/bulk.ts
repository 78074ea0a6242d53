import { type Client, errors } from '@opensearch-project/opensearch';
import type { IndexDocument } from './document.js';
import { asked, isBusy, unlessUnreachable, untilDone } from './retry.js';

/** One document to be put, at its resource's version. */
export interface DocumentPut {
  readonly id: string;
  readonly version: number;
  readonly document: IndexDocument;
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
 * @param alias of the index.
 * @param refresh when the requests answer: at once, when searches find the documents, or after making them do so.
 * @throws OperationOutcomeError 503 when OpenSearch stays busy or cannot be reached.
 */
export async function putDocuments<Put extends DocumentPut>(
  client: Client,
  alias: string,
  puts: readonly Put[],
  refresh: boolean | 'wait_for',
): Promise<PutOutcome<Put>> {
  const refused: Put[] = [];
  let isGone = false;
  const there: Put[] = [];
  /** What was not done for another reason than that OpenSearch failed on it. */
  const busy = new Set<BulkLines<Put>>();
  for (const chunk of chunksOf(puts)) {
    await untilDone(chunk, async (lines, isLast) => {
      const again: BulkLines<Put>[] = [];
      const statuses = await bulk(client, alias, lines, refresh);
      for (const [i, line] of lines.entries()) {
        const status = statuses[i];
        // What a document makes go wrong again and again, and nothing else did, is wrong with that document.
        if (status !== 500) busy.add(line);
        const isItsOwn = isLast && status === 500 && !busy.has(line);
        if (status === undefined || (isBusy(status) && !isItsOwn)) again.push(line);
        else if (status === 404) isGone = true;
        else if (status === 409) there.push(line.put);
        else if (status >= 400) refused.push(line.put);
      }
      return again.length === 0 ? undefined : again;
    });
  }
  // Another process put the version, or a newer one: that put is not waited for, and nobody may find it yet.
  if (there.length > 0 && refresh !== false) await asked(client.indices.refresh({ index: alias }));
  return { refused, isGone };
}

/** A document as it is sent. */
interface BulkLines<Put> {
  readonly put: Put;
  readonly action: string;
  readonly document: string;
}

function* chunksOf<Put extends DocumentPut>(puts: readonly Put[]): Generator<readonly BulkLines<Put>[]> {
  let chunk: BulkLines<Put>[] = [];
  let size = 0;
  for (const put of puts) {
    const versionType = put.again === true ? 'external_gte' : 'external';
    const action = JSON.stringify({ index: { _id: put.id, version: put.version, version_type: versionType } });
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
