/** The name of the secondary index of type and system history. */
export const historyIndexName = 'history';

/**
 * A table as CreateTable takes it, but for its name; one per FHIR version. Whoever deploys tables makes them of this
 * value. Strings: `pk`, `sk` are the key; `hp`, `hs` are the history index's and only versions have them. The stream
 * holds items before and after a change: the index needs the one, subscriptions both. On demand: nobody guesses units.
 */
export const tableDefinition = {
  BillingMode: 'PAY_PER_REQUEST' as const,
  AttributeDefinitions: ['pk', 'sk', 'hp', 'hs'].map((name) => ({ AttributeName: name, AttributeType: 'S' as const })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' as const },
    { AttributeName: 'sk', KeyType: 'RANGE' as const },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: historyIndexName,
      KeySchema: [
        { AttributeName: 'hp', KeyType: 'HASH' as const },
        { AttributeName: 'hs', KeyType: 'RANGE' as const },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' as const }, // an entry costs one unit to write, whatever the resource
    },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' as const },
};

/**
 * The column whose instant, in seconds since 1970, ends an item's life: only of what is of use for a while. Versions of
 * resources never have it.
 */
export const timeToLive = 'ttl';
