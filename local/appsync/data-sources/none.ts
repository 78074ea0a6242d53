import { requestMembers } from '../data-source.js';
import type { DataSource } from '../data-source.js';

/**
 * The data source without data: the request's payload is the result.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-none-js.html
 */
export const noneDataSource: DataSource = {
  kind: 'NONE',
  invoke: ({ request }) => Promise.resolve().then(() => requestMembers(request)['payload'] ?? null),
};
