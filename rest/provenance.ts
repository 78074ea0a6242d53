import type { Request } from 'express';
import { invalidRequest, notSupported } from '../fhir/outcome.js';
import type { ResourceKey, Resource } from '../fhir/resource.js';
import { withProvenance } from '../interactions/provenance.js';
import { requireResource } from '../interactions/resource-type.js';
import type { Caller, FhirServer } from '../interactions/server.js';
import type { RestAnswer } from './answer.js';
import { parseBody } from './body.js';
import { isGraphql } from './graphql.js';
import type { RestRequest } from './request.js';
import type { Route } from './routes.js';

const header = 'http.X-Provenance';

const written: ReadonlySet<Route['kind']> = new Set([
  'create',
  'update',
  'conditional-update',
  'patch',
  'conditional-patch',
]);

/**
 * Answers a request, with the Provenance that its X-Provenance header holds stored beside what it writes. Where nothing is
 * written the header says nothing.
 * @param act answers it, on the server it is given.
 * @throws OperationOutcomeError as `act`; 400 for a header that is no Provenance, and for a request that changes
 * something in a way that has no Provenance here: losing it unseen would be worse.
 */
export async function besideProvenance(
  server: FhirServer,
  caller: Caller,
  request: RestRequest,
  act: (server: FhirServer) => Promise<RestAnswer>,
): Promise<RestAnswer> {
  const { http, route } = request;
  if (http.headers['x-provenance'] === undefined || !changes(request)) return act(server);
  if (!written.has(route.kind)) {
    throw notSupported('X-Provenance goes with a create, an update or a patch; in a bundle it is an entry', header);
  }
  const keys: ResourceKey[] = [];
  const answer = await act(await withProvenance(server, caller, provenanceIn(http), (key) => keys.push(key)));
  return { ...answer, besides: keys };
}

const changes = ({ http, route }: RestRequest): boolean =>
  written.has(route.kind) ||
  ['delete', 'conditional-delete', 'bundle'].includes(route.kind) ||
  (isGraphql(route) && http.method === 'POST') || // it may be a mutation
  (route.kind === 'operation' && route.operation.affectsState);

function provenanceIn({ headersDistinct }: Request): Resource {
  const [text = '', ...others] = headersDistinct['x-provenance'] ?? [];
  if (others.length > 0) throw invalidRequest('X-Provenance is there more than once', header);
  if (!/^[\x20-\x7e\t]*$/.test(text)) {
    throw invalidRequest(`X-Provenance must be ASCII: other characters are written as JSON escapes (\\u00e9)`, header);
  }
  try {
    return requireResource(parseBody(text), header);
  } catch (error) {
    throw invalidRequest(`X-Provenance is no resource in JSON: ${error instanceof Error ? error.message : ''}`, header);
  }
}
