import { type Client, errors } from '@opensearch-project/opensearch';
import type { IndexDocument } from './document.js';
import { isBusy, untilDone } from './retry.js';

/** One document to be put, at its resource's version. */
export interface DocumentPut {
  readonly id: string;
  readonly version: number;
  readonly document: IndexDocument;
}

/** What one bulk request may hold. */
const mostPuts = 1_000;
const mostCharacters = 4_000_000;

/**
 * Puts documents; a version that is there already, or a newer one, counts as success.
 * @param refresh when the requests answer: at once, when searches find the documents, or after making them do so.
 * @returns those that OpenSearch refuses whatever is tried.
 * @throws Error when OpenSearch stays busy or cannot be reached. It names no content.
 */
export async function putDocuments(
  client: Client,
  index: string,
  puts: readonly DocumentPut[],
  refresh: boolean | 'wait_for',
): Promise<readonly DocumentPut[]> {
  const refused: DocumentPut[] = [];
  for (const chunk of chunksOf(puts)) {
    await untilDone(chunk, async (lines) => {
      const again: BulkLines[] = [];
      const statuses = await bulk(client, index, lines, refresh);
      for (const [i, line] of lines.entries()) {
        const status = statuses[i];
        if (status === undefined || isBusy(status)) again.push(line);
        else if (status >= 400 && status !== 409) refused.push(line.put);
      }
      return again.length === 0 ? undefined : again;
    });
  }
  return refused;
}

/** A document as it is sent. */
interface BulkLines {
  readonly put: DocumentPut;
  readonly action: string;
  readonly document: string;
}

function* chunksOf(puts: readonly DocumentPut[]): Generator<readonly BulkLines[]> {
  let chunk: BulkLines[] = [];
  let size = 0;
  for (const put of puts) {
    const action = JSON.stringify({ index: { _id: put.id, version: put.version, version_type: 'external' } });
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
  index: string,
  lines: readonly BulkLines[],
  refresh: boolean | 'wait_for',
): Promise<readonly number[]> {
  try {
    const { body } = await client.bulk({
      index,
      // The client sends texts as they are; its types know objects only.
      body: lines.flatMap(({ action, document }) => [action, document]) as unknown as Record<string, unknown>[],
      refresh,
      require_alias: true, // never makes an index without the mapping
    });
    return body.items.map((item) => Object.values(item)[0]?.status ?? 500);
  } catch (error) {
    if (error instanceof errors.ResponseError && isBusy(error.statusCode)) return [];
    throw error;
  }
}
