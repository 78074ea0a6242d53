/** A field that is searched by whole terms, not sorted by. */
const term = { type: 'keyword', doc_values: false } as const;
/** A field that is only sorted by. */
const sortKey = { type: 'keyword', index: false } as const;
/** A field that is both. */
const termAndSortKey = { type: 'keyword' } as const;

/**
 * The fields of a search index on OpenSearch: shared by all parameters, whose code stands in front of their terms.
 * They are the same for every FHIR version, type and implementation guide. Nothing is analyzed by OpenSearch: terms
 * are made, folded, escaped and shortened by `search/values/`, as for the embedded index.
 */
export const mapping = {
  dynamic: false,
  _source: { enabled: false }, // the resource is in the store; what is indexed is made from it again
  properties: {
    tenant: term,
    type: termAndSortKey,
    id: termAndSortKey,
    /**
     * What stands first in the order: where the id begins, as a number, -1 of opaque documents. By a keyword alone
     * OpenSearch looks up the terms of many ids in each segment to pass over documents, which takes longer than the rest.
     */
    order: { type: 'long' },
    /** The resource's version. `_version` would be read from where `_id` is stored, document by document. */
    version: { type: 'long', index: false },
    /** When the version was made, of tombstones as well; what `_sort=_lastUpdated` goes by. */
    lastUpdated: { type: 'date' },
    compartments: term,
    /** A tombstone, which no search finds: it keeps an older version from coming back. */
    deleted: { type: 'boolean', doc_values: false },
    /** Of the document as it was sent: what is indexed is compared with the store by it. */
    digest: sortKey,
    /** Without searchable fields: a candidate of every search of its type. */
    opaque: { type: 'boolean' },
    /** The codes of the parameters the resource has values for, and of those that point into the resource itself. */
    present: term,
    tok: term,
    ref: term,
    str: term,
    /** Three letters at each place of a text, for `:contains`. */
    gram: term,
    uri: term,
    /** The words of the resource, of its narrative and elsewhere, each once. */
    word: term,
    /** One span of a date, number or quantity parameter; `unit` is `''` in whatever unit a value is. */
    rng: {
      type: 'nested',
      properties: {
        code: term,
        unit: term,
        low: { type: 'double', doc_values: false },
        high: { type: 'double', doc_values: false },
      },
    },
    /** One element of a composite: the terms of its components together, and one of its spans. */
    comp: {
      type: 'nested',
      properties: {
        code: term,
        part: term,
        unit: term,
        low: { type: 'double', doc_values: false },
        high: { type: 'double', doc_values: false },
      },
    },
    /** What the resource sorts by, ascending and descending, for one parameter. */
    sort: { type: 'nested', properties: { code: term, min: sortKey, max: sortKey } },
  },
} as const;
