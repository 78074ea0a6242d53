import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { Client } from '@opensearch-project/opensearch';
import { fhirVersions } from '../../../fhir/version.js';
import { indicesOf } from '../../../search/opensearch/create-index.js';
import { localClients } from './dynamodb.js';

/** Removes the tables and indices that servers made whose TABLE_PREFIX this was; what is not there is removed already. */
export async function removeTables(prefix: string): Promise<void> {
  const clients = localClients();
  const openSearch = new Client({ node: process.env['OPENSEARCH_ENDPOINT'] ?? '' });
  for (const version of fhirVersions) {
    const name = `${prefix}-${version}`;
    await clients.client.send(new DeleteTableCommand({ TableName: name })).catch(() => undefined);
    const indices = await indicesOf(openSearch, name);
    if (indices.length > 0) await openSearch.indices.delete({ index: [...indices] });
  }
  clients.close();
  await openSearch.close();
}
