import { randomUUID } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { Client } from '@opensearch-project/opensearch';
import type { FhirDefinitions } from '../../../fhir/definitions.js';
import { createIndex } from '../../../search/opensearch/create-index.js';
import { openSearchIndex } from '../../../search/opensearch.js';
import { describeSearchIndex, type IndexUnderTest } from '../../contract/search-index.js';

const client = new Client({ node: process.env['OPENSEARCH_ENDPOINT'] ?? 'http://127.0.0.1:9200' });
afterAll(() => client.close());

/** Opens an empty index of a name of its own. */
async function make(definitions: FhirDefinitions): Promise<IndexUnderTest> {
  const alias = `test-${randomUUID()}`;
  await createIndex(client, alias, { replicas: 0 });
  return {
    index: openSearchIndex(client, alias, definitions, { refresh: 'now' }),
    async close() {
      await client.indices.delete({ index: `${alias}-1` });
    },
  };
}

describeSearchIndex('on OpenSearch', make, { runs: 10 });
