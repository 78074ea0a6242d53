import { expect, test } from '@jest/globals';
import type { Client } from '@opensearch-project/opensearch';
import { anyOf, anyTerm } from '../../../search/opensearch/condition.js';
import { findLastChanged } from '../../../search/opensearch/last-changed.js';

/** An OpenSearch with very many documents that all satisfy any query. @param sizes is told how long requests are. */
function manyDocuments(sizes: number[]): Client {
  const hit = { sort: [0, 0, 'a', 'Patient'], fields: { type: ['Patient'], id: ['a'], version: [1] } };
  const search = ({ body }: { readonly body: { readonly size: number } }): Promise<unknown> => {
    sizes.push(JSON.stringify(body).length);
    const hits = Array.from({ length: body.size }, () => hit);
    return Promise.resolve({ body: { hits: { hits }, aggregations: { newest: { value: 0 } } } });
  };
  const msearch = ({ body }: { readonly body: readonly object[] }): Promise<unknown> => {
    sizes.push(JSON.stringify(body).length);
    const responses = Array.from({ length: body.length / 2 }, () => ({ hits: { total: { value: 1_000_000 } } }));
    return Promise.resolve({ body: { responses } });
  };
  return { search, msearch } as unknown as Client;
}

test.each([
  ['a query with few ids', 100],
  ['the most ids that a chain gives', 100_000],
])('requests are no longer than one of a query, or 2 MB: %s', async (_, count) => {
  const ids = Array.from({ length: count }, (_, at) => `subject=Patient/00000000-0000-4000-8000-${String(at)}`);
  const query = anyOf(anyTerm('ref', ids));
  const sizes: number[] = [];
  const request = { query, sort: [{ lastUpdated: 'desc' }], limit: 21, skip: 0 };
  const { found } = await findLastChanged(manyDocuments(sizes), 'r4', request);
  expect(found).toHaveLength(21);
  expect(Math.max(...sizes)).toBeLessThan(Math.max(2_000_000, JSON.stringify(query).length + 1_000));
});
