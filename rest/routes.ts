import { invalidRequest, methodNotAllowed, notFound, OperationOutcomeError } from '../fhir/outcome.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import type { ResourceKey } from '../fhir/resource.js';
import type { StructureTable } from '../fhir/structure.js';
import { type FoundOperation, operationOfPath } from '../interactions/operations/find-operation.js';
import { historyScopeOf, type HistoryScope } from '../interactions/history-request.js';
import { clip } from '../interactions/resource-type.js';
import type { SearchPlace } from '../interactions/search-place.js';

/** The interaction a method and a path ask for. https://hl7.org/fhir/R4/http.html#summary */
export type Route =
  | { readonly kind: 'capabilities' }
  | { readonly kind: 'smart-configuration' }
  | { readonly kind: 'bundle' }
  | { readonly kind: 'create'; readonly type: string }
  | { readonly kind: 'search' | 'search-by-post'; readonly place: SearchPlace }
  /** The criteria are the query. */
  | { readonly kind: 'conditional-update' | 'conditional-patch' | 'conditional-delete'; readonly type: string }
  | { readonly kind: 'read' | 'update' | 'patch' | 'delete'; readonly key: ResourceKey }
  | { readonly kind: 'history'; readonly scope: HistoryScope }
  | { readonly kind: 'vread'; readonly key: ResourceKey; readonly versionId: string }
  | ({ readonly kind: 'operation' } & FoundOperation)
  | { readonly kind: 'jobs' }
  | { readonly kind: 'job' | 'job-cancel'; readonly id: string }
  | { readonly kind: 'job-file'; readonly id: string; readonly name: string };

/** Why there is no route, and what Allow says if another method would do. */
export interface NoRoute {
  readonly kind: 'none';
  readonly error: OperationOutcomeError;
  readonly allow?: string;
}

/**
 * Finds the interaction a request asks for.
 * @param path below the base, percent-encoded, such as `/Patient/1`; a slash at the end does not count.
 */
export function routeOf(definitions: FhirDefinitions, method: string, path: string): Route | NoRoute {
  const { structures } = definitions;
  const segments = decoded(path);
  if (segments === undefined)
    return { kind: 'none', error: invalidRequest('The path is not percent-encoded correctly') };
  const [type, id, history, versionId = ''] = segments;
  if (type === undefined) {
    return byMethod(
      method,
      { GET: { kind: 'search', place: { kind: 'system' } }, POST: { kind: 'bundle' } },
      'The base',
    );
  }
  if (type === 'metadata' && id === undefined) return byMethod(method, { GET: { kind: 'capabilities' } }, 'metadata');
  if (type === '.well-known' && id === 'smart-configuration' && history === undefined) {
    return byMethod(method, { GET: { kind: 'smart-configuration' } }, '.well-known/smart-configuration');
  }
  const called = operationOfPath(definitions, segments);
  if (called instanceof OperationOutcomeError) return none(called);
  if (called !== undefined) return operationRoute(method, called);
  if (type === '_search' && id === undefined) return byPost(method, { kind: 'system' }, '_search');
  if (type === '_jobs') return jobRoute(method, segments);
  const scope = historyScopeOf(segments);
  if (scope?.kind === 'system') return byMethod(method, { GET: { kind: 'history', scope } }, '_history');
  if (!structures.isResourceType(type)) return none(notFound(`The resource type ${clip(type)}`));
  if (id === undefined) {
    return byMethod(
      method,
      {
        GET: { kind: 'search', place: { kind: 'type', type } },
        POST: { kind: 'create', type },
        PUT: { kind: 'conditional-update', type },
        PATCH: { kind: 'conditional-patch', type },
        DELETE: { kind: 'conditional-delete', type },
      },
      type,
    );
  }
  if (id === '_search' && history === undefined) return byPost(method, { kind: 'type', type }, `${type}/_search`);
  if (scope?.kind === 'type') return byMethod(method, { GET: { kind: 'history', scope } }, `${type}/_history`);
  const key = { type, id };
  if (history === undefined) {
    const what = `${type}/[id]`;
    return byMethod(
      method,
      {
        GET: { kind: 'read', key },
        PUT: { kind: 'update', key },
        PATCH: { kind: 'patch', key },
        DELETE: { kind: 'delete', key },
      },
      what,
    );
  }
  if (history !== '_history' || segments.length > 4) {
    return (
      compartmentRoute(structures, method, key, segments) ?? none(notFound(`The path ${clip(segments.join('/'))}`))
    );
  }
  if (scope !== undefined) return byMethod(method, { GET: { kind: 'history', scope } }, `${type}/[id]/_history`);
  return byMethod(method, { GET: { kind: 'vread', key, versionId } }, `${type}/[id]/_history/[vid]`);
}

/** `Patient/1/Observation`, `Patient/1/*`, and `_search` behind them or behind `Patient/1`. */
function compartmentRoute(
  structures: StructureTable,
  method: string,
  compartment: ResourceKey,
  segments: readonly string[],
): Route | NoRoute | undefined {
  const [, , inside = '', search, ...rest] = segments;
  const what = clip(segments.join('/'));
  if (inside === '_search' && search === undefined) return byPost(method, { kind: 'compartment', compartment }, what);
  if (rest.length > 0 || (inside !== '*' && !structures.isResourceType(inside))) return undefined;
  const place: SearchPlace = { kind: 'compartment', compartment, ...(inside === '*' ? {} : { type: inside }) };
  if (search === undefined) return byMethod(method, { GET: { kind: 'search', place } }, what);
  return search === '_search' ? byPost(method, place, what) : undefined;
}

/** `_jobs`, `_jobs/[id]`, `_jobs/[id]/[file]`: what goes on after its request was answered. */
function jobRoute(method: string, [, id, name, ...rest]: readonly string[]): Route | NoRoute {
  if (id === undefined) return byMethod(method, { GET: { kind: 'jobs' } }, '_jobs');
  if (name === undefined) {
    return byMethod(method, { GET: { kind: 'job', id }, DELETE: { kind: 'job-cancel', id } }, '_jobs/[id]');
  }
  if (rest.length > 0) return none(notFound('The path below _jobs'));
  return byMethod(method, { GET: { kind: 'job-file', id, name } }, '_jobs/[id]/[file]');
}

const byPost = (method: string, place: SearchPlace, what: string): Route | NoRoute =>
  byMethod(method, { POST: { kind: 'search-by-post', place } }, what);

const none = (error: OperationOutcomeError): NoRoute => ({ kind: 'none', error });

/**
 * What changes nothing can be asked for by GET as well, and by HEAD unless it begins a job.
 * https://hl7.org/fhir/R4/operations.html#request
 */
function operationRoute(method: string, called: FoundOperation): Route | NoRoute {
  const route: Route = { kind: 'operation', ...called };
  const { name, affectsState, asynchronous } = called.operation;
  const routes: Readonly<Record<string, Route>> = affectsState ? { POST: route } : { GET: route, POST: route };
  return byMethod(method, routes, `$${name}`, asynchronous !== 'always');
}

function byMethod(
  method: string,
  routes: Readonly<Record<string, Route>>,
  what: string,
  isHeadAsGet = true,
): Route | NoRoute {
  const asked = method === 'HEAD' && isHeadAsGet ? 'GET' : method;
  const route = Object.hasOwn(routes, asked) ? routes[asked] : undefined;
  if (route !== undefined) return route;
  const allow = Object.keys(routes).flatMap((known) => (known === 'GET' && isHeadAsGet ? ['GET', 'HEAD'] : [known]));
  const error = methodNotAllowed(`${clip(method)} is not possible on ${what}; possible: ${allow.join(', ')}`);
  return { kind: 'none', error, allow: allow.join(', ') };
}

/** The decoded segments of a path; undefined when an encoding is broken. `%24` is `$` here. */
function decoded(path: string): string[] | undefined {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
