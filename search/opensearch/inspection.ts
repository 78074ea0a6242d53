import { createHash } from 'node:crypto';
import type { Client } from '@opensearch-project/opensearch';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { differenceOf, type IndexedKey, type IndexedState, type IndexInspection } from '../index-inspection.js';
import type { Indexable } from '../search-index.js';
import { documentOf, type IndexDocument, opaqueDocument } from './document.js';
import type { SortValue } from './find.js';
import { documentId, indexedTenant, keyOfDocument } from './indexed-tenant.js';
import { asked } from './retry.js';

/** A document with a digest of itself: what is indexed of it is not kept as it was sent. */
export const withDigest = (document: IndexDocument): IndexDocument => ({ ...document, digest: digestOf(document) });

const digestOf = (document: IndexDocument): string =>
  createHash('sha256').update(JSON.stringify(document)).digest('base64url').slice(0, 22);

/** So many documents are told of at once. */
const chunk = 1_000;

/** Looks into an index on OpenSearch: what was put before is seen. */
export function openSearchInspection(client: Client, alias: string, definitions: FhirDefinitions): IndexInspection {
  async function statesOf(versions: readonly Indexable[]): Promise<ReadonlyMap<string, IndexedState>> {
    const { body } = await asked(
      client.search({
        index: alias,
        allow_partial_search_results: false,
        body: {
          query: { ids: { values: versions.map(documentId) } },
          size: versions.length,
          version: true,
          _source: false,
          docvalue_fields: ['digest'],
        },
      } as Parameters<Client['search']>[0]),
    );
    return new Map(
      body.hits.hits.map(({ _id = '', _version = 0, fields }) => {
        const [digest] = (fields?.['digest'] ?? []) as readonly string[];
        return [_id, { versionId: _version, digest }];
      }),
    );
  }

  return {
    async compare(versions) {
      if (versions.length === 0) return [];
      await asked(client.indices.refresh({ index: alias }));
      const states = await statesOf(versions);
      return versions.map((change) => {
        const tenant = indexedTenant(change.tenant);
        const documents = [documentOf(tenant, definitions, change), opaqueDocument(tenant, change)];
        return differenceOf(change, states.get(documentId(change)), documents.map(digestOf));
      });
    },
    async *keys() {
      await asked(client.indices.refresh({ index: alias }));
      for (let after: SortValue[] | undefined; ;) {
        const { body } = await asked(
          client.search({
            index: alias,
            allow_partial_search_results: false,
            body: {
              query: { term: { deleted: false } },
              // Tenants may have equal types and ids, seldom of the same instant as well.
              sort: [{ type: 'asc' }, { id: 'asc' }, { lastUpdated: 'asc' }],
              size: chunk,
              version: true,
              _source: false,
              track_total_hits: false,
              ...(after === undefined ? {} : { search_after: after }),
            },
          } as Parameters<Client['search']>[0]),
        );
        const { hits } = body.hits;
        yield hits.map(({ _id = '', _version = 0 }): IndexedKey => ({ ...keyOfDocument(_id), versionId: _version }));
        after = hits.at(-1)?.sort as SortValue[] | undefined;
        if (hits.length < chunk) return;
      }
    },
  };
}
