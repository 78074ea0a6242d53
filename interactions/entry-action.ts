import type { Interaction } from '../auth/rules.js';
import { invalidRequest, methodNotAllowed, notFound, notSupported, OperationOutcomeError } from '../fhir/outcome.js';
import type { Patch } from '../fhir/patch/patch.js';
import { idPattern, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { ResultForm } from '../fhir/subset.js';
import { withoutFormat } from './conditional-create.js';
import type { ReadConditions } from './conditional-read.js';
import { requireUpdatable } from './conditional-update.js';
import { type FoundOperation, operationOfPath } from './operations/find-operation.js';
import type { OperationCall } from './operations/operation.js';
import { readInput } from './operations/read-input.js';
import { type Preconditions, readPreconditions, readVersionTags } from './preconditions.js';
import { patchOfEntry } from './read-patch.js';
import { readQuery } from './read-query.js';
import { historyScopeOf, requireScope, type HistoryScope } from './history-request.js';
import { readForm } from './read.js';
import { clip, requireResource, requireResourceType } from './resource-type.js';
import { formOf } from './search-form.js';
import { type SearchPlace, searchPlaceOf } from './search-place.js';
import type { Caller, FhirServer } from './server.js';
import { requireIdentity } from './update.js';

/** What one entry of a batch or a transaction asks for. */
export type EntryAction =
  | { readonly kind: 'create'; readonly type: string; readonly resource: Resource; readonly ifNoneExist?: string }
  | (Preconditions & { readonly kind: 'update'; readonly key: ResourceKey; readonly resource: Resource })
  | (Preconditions & {
      readonly kind: 'conditional-update';
      readonly type: string;
      readonly criteria: string;
      readonly resource: Resource;
    })
  | (IfMatch & { readonly kind: 'patch'; readonly key: ResourceKey; readonly patch: Patch })
  | (IfMatch & {
      readonly kind: 'conditional-patch';
      readonly type: string;
      readonly criteria: string;
      readonly patch: Patch;
    })
  | (IfMatch & { readonly kind: 'delete'; readonly key: ResourceKey })
  | (IfMatch & { readonly kind: 'conditional-delete'; readonly type: string; readonly criteria: string })
  | (ReadConditions & {
      readonly kind: 'read';
      readonly key: ResourceKey;
      readonly form?: ResultForm;
      readonly headOnly?: boolean;
    })
  | (ReadConditions & {
      readonly kind: 'vread';
      readonly key: ResourceKey;
      readonly versionId: string;
      readonly form?: ResultForm;
      readonly headOnly?: boolean;
    })
  | {
      readonly kind: 'history';
      readonly scope: HistoryScope;
      readonly parameters: readonly (readonly [string, string])[];
      readonly headOnly?: boolean;
    }
  | {
      readonly kind: 'search';
      readonly place: SearchPlace;
      readonly parameters: readonly (readonly [string, string])[];
      readonly headOnly?: boolean;
    }
  | { readonly kind: 'capabilities'; readonly type: 'metadata'; readonly headOnly?: boolean }
  | ({ readonly kind: 'operation' } & OperationCall);

type IfMatch = Pick<Preconditions, 'ifMatch'>;

/** What the role rules call what an entry does: with criteria or without. */
export function interactionOf(action: Exclude<EntryAction, { kind: 'operation' }>): Interaction {
  switch (action.kind) {
    case 'conditional-update':
      return 'update';
    case 'conditional-patch':
      return 'patch';
    case 'conditional-delete':
      return 'delete';
    default:
      return action.kind;
  }
}

interface EntryHttpRequest {
  readonly method: string;
  readonly url: string;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
  readonly ifNoneExist?: string;
}

/** An entry of a bundle, its own rules checked, those of its resource not. */
export interface BundleEntry {
  readonly fullUrl?: string;
  readonly resource?: unknown;
  readonly request?: EntryHttpRequest;
}

/**
 * Reads what an entry asks for.
 * @param place of the entry, such as `Bundle.entry[3]`, for errors.
 * @throws OperationOutcomeError 400, 404, 405, 413, 422 for what cannot be done as it stands.
 */
export function readAction(server: FhirServer, caller: Caller, entry: BundleEntry, place: string): EntryAction {
  const { request } = entry;
  if (request === undefined) throw invalidRequest('An entry of a batch or a transaction needs a request', place);
  const at = `${place}.request.url`;
  const { path, query } = splitUrl(request.url, caller.baseUrl, at);
  const [type = '', id, history, ...rest] = path;
  const called = operationOfPath(server.definitions, path);
  if (called instanceof OperationOutcomeError) {
    throw called.withIssues(called.issues.map((issue) => ({ ...issue, expression: [at] })));
  }
  if (called !== undefined) return operationAction(server, called, { entry, query: readQuery(query, at), place });
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (type === 'metadata' && id === undefined && isRead) return { kind: 'capabilities', type, ...headOnly(request) };
  const scope = isRead ? historyScopeOf(path) : undefined;
  if (scope !== undefined) {
    requireScope(server, scope);
    return { kind: 'history', scope, parameters: readQuery(query, at), ...headOnly(request) };
  }
  const where = searchPlaceOf(server.definitions.structures, request.method, path);
  if (where !== undefined) {
    const form = isRead ? [] : formOf(entry.resource, place);
    return { kind: 'search', place: where, parameters: [...readQuery(query, at), ...form], ...headOnly(request) };
  }
  if (
    type === '' ||
    rest.length > 1 ||
    (history !== undefined && history !== '_history') ||
    id?.startsWith('_') === true
  ) {
    throw notSupported(`"${clip(request.url)}" is no URL of an interaction supported in a bundle`, at);
  }
  requireResourceType(server, type);
  if (isRead && id !== undefined) return readingAction(server, request, { type, id, versionId: rest[0], query, at });
  if (request.method === 'POST') {
    if (id !== undefined || query !== '') throw notSupported('POST goes to a type, such as "Patient"', at);
    const resource = requireResource(entry.resource, `${place}.resource`);
    if (resource.resourceType !== type) {
      throw invalidRequest(`The URL says ${type}, the resource is of type ${clip(resource.resourceType)}`, at);
    }
    const { ifNoneExist } = request;
    return { kind: 'create', type, resource, ...(ifNoneExist === undefined ? {} : { ifNoneExist }) };
  }
  return writingAction(server, entry, place, targetOf(type, id, history, query, at));
}

const headOnly = ({ method }: EntryHttpRequest): { headOnly?: true } => (method === 'HEAD' ? { headOnly: true } : {});

function readingAction(
  server: FhirServer,
  request: EntryHttpRequest,
  url: {
    readonly type: string;
    readonly id: string;
    readonly versionId: string | undefined;
    readonly query: string;
    readonly at: string;
  },
): EntryAction {
  const { type, id, versionId, at } = url;
  const parameters = readQuery(url.query, at);
  const head = headOnly(request);
  const key = { type, id };
  const form = readForm(server, type, parameters);
  const { ifNoneMatch, ifModifiedSince } = request;
  const conditions = {
    ...(form === undefined ? {} : { form }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(ifModifiedSince === undefined ? {} : { ifModifiedSince: Date.parse(ifModifiedSince) }),
    ...head,
  };
  return versionId === undefined
    ? { kind: 'read', key, ...conditions }
    : { kind: 'vread', key, versionId, ...conditions };
}

/** What an entry changes: the resource of a key, or the one that criteria match. */
type WriteTarget = { readonly key: ResourceKey } | { readonly type: string; readonly criteria: string };

/** An update, a patch or a delete. */
function writingAction(server: FhirServer, entry: BundleEntry, place: string, target: WriteTarget): EntryAction {
  const request = entry.request ?? { method: '', url: '' };
  const { ifMatch, ifNoneMatch } = readPreconditions(request, {
    ifMatch: `${place}.request.ifMatch`,
    ifNoneMatch: `${place}.request.ifNoneMatch`,
  });
  const matching = ifMatch === undefined ? {} : { ifMatch };
  switch (request.method) {
    case 'PUT': {
      const resource = requireResource(entry.resource, `${place}.resource`);
      const conditions = { ...matching, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
      if ('key' in target) {
        requireIdentity(target.key, resource, `${place}.resource`);
        return { kind: 'update', ...target, resource, ...conditions };
      }
      requireUpdatable(target.type, resource, `${place}.resource`);
      return { kind: 'conditional-update', ...target, resource, ...conditions };
    }
    case 'PATCH': {
      const resource = requireResource(entry.resource, `${place}.resource`);
      const patch = patchOfEntry(server.definitions, resource);
      if ('key' in target) return { kind: 'patch', ...target, patch, ...matching };
      return { kind: 'conditional-patch', ...target, patch, ...matching };
    }
    case 'DELETE':
      if (!('key' in target)) return { kind: 'conditional-delete', ...target, ...matching };
      if (!idPattern.test(target.key.id)) throw notFound(clip(request.url));
      return { kind: 'delete', ...target, ...matching };
    default:
      throw notSupported(`${clip(request.method)} is not supported in a bundle`, `${place}.request.method`);
  }
}

function operationAction(
  server: FhirServer,
  called: FoundOperation,
  asked: {
    readonly entry: BundleEntry;
    readonly query: readonly (readonly [string, string])[];
    readonly place: string;
  },
): EntryAction {
  const { name, affectsState, asynchronous } = called.operation;
  if (asynchronous === 'always') {
    throw notSupported(`$${name} is asked for by itself: a bundle does not wait for it`, `${asked.place}.request.url`);
  }
  const { resource: body, request: { method = '', ifMatch } = {} } = asked.entry;
  if (method !== 'POST' && (method !== 'GET' || affectsState)) {
    throw methodNotAllowed(`$${name} is invoked by ${affectsState ? 'POST' : 'GET or POST'}, not by ${clip(method)}`);
  }
  const source = { query: asked.query, ...(method === 'POST' && body !== undefined ? { body } : {}) };
  const input = readInput(server.definitions, called.operation, source);
  if (!affectsState || ifMatch === undefined) return { kind: 'operation', ...called, input };
  return {
    kind: 'operation',
    ...called,
    input,
    ifMatch: readVersionTags(ifMatch, `${asked.place}.request.ifMatch`),
  };
}

function targetOf(
  type: string,
  id: string | undefined,
  history: string | undefined,
  query: string,
  at: string,
): WriteTarget {
  if (id === undefined && query !== '') return { type, criteria: withoutFormat(query) };
  if (id === undefined || history !== undefined || query !== '') {
    throw invalidRequest(`The URL must be ${type}/[id], or ${type}?[criteria]`, at);
  }
  return { key: { type, id } };
}

/** The decoded path segments and the query of an entry's URL, which is relative to the base or starts with it. */
function splitUrl(url: string, baseUrl: string, at: string): { path: string[]; query: string } {
  const isBase = url === baseUrl || url.startsWith(`${baseUrl}?`);
  const isBelow = isBase || url.startsWith(`${baseUrl}/`);
  const relative = (isBelow ? url.slice(baseUrl.length) : url).replace(/^\//, '');
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative)) {
    throw notSupported(`"${clip(url)}" is not on this server; URLs are relative, such as "Patient/1"`, at);
  }
  const mark = relative.indexOf('?');
  const [path, query] = mark < 0 ? [relative, ''] : [relative.slice(0, mark), relative.slice(mark + 1)];
  const segments = path.split('/');
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  if (segments.length > 1 && segments[0] === '') throw invalidRequest(`"${clip(url)}" is no URL of this server`, at);
  try {
    return { path: segments.map(decodeURIComponent), query };
  } catch {
    throw invalidRequest(`"${clip(url)}" is not percent-encoded correctly`, at);
  }
}
