import { openSearchClient, signedRegion } from '../search/opensearch/client.js';
import { grantIndexAccess, type IndexUsers } from '../search/opensearch/index-access.js';

/**
 * The Lambda function that each deployment calls once, by the role that is the search domain's master user: tells the
 * domain which roles may do what in which index (`SEARCH_USERS`, JSON).
 * @returns the aliases whose users are known now.
 * @throws when the domain does not answer or refuses, so that the deployment fails.
 */
export const handler = async (): Promise<{ readonly aliases: readonly string[] }> => {
  const { OPENSEARCH_ENDPOINT: endpoint = '', SEARCH_USERS: text = '[]' } = process.env;
  const users = JSON.parse(text) as readonly IndexUsers[];
  const region = signedRegion(endpoint);
  const client = openSearchClient(endpoint, region === undefined ? undefined : { region, credentials: ownCredentials });
  try {
    for (const each of users) await grantIndexAccess(client, each);
  } finally {
    await client.close();
  }
  return { aliases: users.map(({ alias }) => alias) };
};

/** Those of the function's role, which Lambda puts into the environment. */
const ownCredentials = (): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken: string }> => {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '' } = process.env;
  return Promise.resolve({
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  });
};
