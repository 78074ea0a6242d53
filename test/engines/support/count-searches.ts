import type { Client } from '@opensearch-project/opensearch';

/** Counts the requests that a client of OpenSearch sends, by method and what is asked for: `POST _search`. */
export function countingRequests(client: Client): { take(): readonly string[] } {
  let requests: string[] = [];
  client.on('request', (_error, { meta }) => {
    const { method, path } = meta.request.params;
    requests.push(`${method} ${path.split('/').at(-1) ?? ''}`);
  });
  return {
    take() {
      const taken = requests;
      requests = [];
      return taken;
    },
  };
}
