import { randomUUID } from 'node:crypto';
import { Client } from '@opensearch-project/opensearch';
import type { FhirDefinitions } from '../../../fhir/definitions.js';
import { createIndex } from '../../../search/opensearch/create-index.js';
import { type OpenSearchIndex, openSearchIndex, type OpenSearchOptions } from '../../../search/opensearch.js';
import type { IndexUnderTest } from '../../contract/search-index.js';

/** An empty index of its own on the OpenSearch that `npm run test:engines` started. */
export interface OpenSearchUnderTest extends IndexUnderTest {
  readonly index: OpenSearchIndex;
  readonly client: Client;
  readonly alias: string;
}

/** Opens one; searches see each put at once. */
export async function openIndex(
  definitions: FhirDefinitions,
  options: OpenSearchOptions = {},
): Promise<OpenSearchUnderTest> {
  const node = process.env['OPENSEARCH_ENDPOINT'];
  if (node === undefined) throw new Error('OPENSEARCH_ENDPOINT is not set: npm run test:engines starts an OpenSearch');
  const client = new Client({ node });
  const alias = `test-${randomUUID()}`;
  await createIndex(client, alias, { replicas: 0 });
  return {
    client,
    alias,
    index: openSearchIndex(client, alias, definitions, { refresh: 'now', ...options }),
    async close() {
      await client.indices.delete({ index: `${alias}-1` });
      await client.close();
    },
  };
}
