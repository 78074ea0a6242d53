import { once } from '../compose/once.js';
import { openLambda } from '../compose/open-lambda.js';
import { createIndex, indexedTerms } from '../search/opensearch/create-index.js';

/** The Lambda function that each deployment calls once: makes the search index where there is none. */
const open = once(() => openLambda(process.env, { sealsPages: false }));

/**
 * Makes index and alias unless they are there.
 * @returns what is there now; an index of other search parameters is made anew by the sweeper.
 * @throws when OpenSearch does not answer, so that the deployment fails.
 */
export const handler = async (): Promise<{ readonly alias: string; readonly isUpToDate: boolean }> => {
  const { connections, server, settings } = await open();
  const { alias } = settings;
  const { terms } = server.index.next;
  const { INDEX_SHARDS, INDEX_REPLICAS } = process.env;
  const layout = { shards: countOf(INDEX_SHARDS), replicas: countOf(INDEX_REPLICAS) };
  await createIndex(connections.openSearch, alias, { ...layout, terms });
  return { alias, isUpToDate: (await indexedTerms(connections.openSearch, alias)) === terms };
};

/** How many shards, and copies of each as the domain has other nodes for; 1 unless told. */
const countOf = (text: string | undefined): number =>
  text !== undefined && /^[0-9]{1,3}$/.test(text) ? Number(text) : 1;
