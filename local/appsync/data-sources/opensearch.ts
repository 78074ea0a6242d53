import { DataSourceError, RequestError, requestMembers } from '../data-source.js';
import type { DataSource } from '../data-source.js';
import { sendHttp } from './http.js';

/**
 * An OpenSearch data source: the body of a good answer is the result; the body of another one is the result beside the
 * error.
 * @param endpoint the domain's URL. Requests are not signed.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-elasticsearch-js.html
 */
export function openSearchDataSource(endpoint: string): DataSource {
  return {
    kind: 'AMAZON_OPENSEARCH_SERVICE',
    async invoke(call) {
      const { operation, path, params } = requestMembers(call.request);
      if (params !== undefined && params !== null && (typeof params !== 'object' || Array.isArray(params))) {
        throw new RequestError("Value for field '$[params]' must be an object.");
      }
      const { headers, queryString, body } = (params ?? {}) as Readonly<Record<string, unknown>>;
      // A GET with a body is a search to OpenSearch; HTTP clients do not send it, and POST means the same there.
      const method = operation === 'GET' && body !== undefined && body !== null ? 'POST' : operation;
      const json = { 'content-type': 'application/json', ...(headers as object | undefined) };
      const answer = await sendHttp(endpoint, { method, path, query: queryString, headers: json, body });
      const result = parsed(answer.body);
      if (answer.statusCode < 400) return result;
      throw new DataSourceError('OpenSearchException', `OpenSearch answered ${String(answer.statusCode)}.`, result);
    },
  };
}

function parsed(body: string): unknown {
  if (body === '') return null;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
