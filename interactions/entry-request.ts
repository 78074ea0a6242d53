import {
  invalidRequest,
  methodNotAllowed,
  notFound,
  notSupported,
  OperationOutcomeError,
  type OutcomeIssue,
} from '../fhir/outcome.js';
import { idPattern, type Resource, type ResourceKey } from '../fhir/resource.js';
import { validateResource } from '../fhir/validate.js';
import { type FoundOperation, operationOfPath } from './operations/find-operation.js';
import { readInput } from './operations/read-input.js';
import type { OperationCall } from './operations/operation.js';
import { readQuery } from './read-query.js';
import { requireWholeResource } from './read.js';
import { clip, requireResource, requireResourceType } from './resource-type.js';
import type { Caller, FhirServer } from './server.js';
import { requireIdentity } from './update.js';

/** What one entry of a batch or a transaction asks for. */
export type EntryAction =
  | { readonly kind: 'create'; readonly type: string; readonly resource: Resource; readonly ifNoneExist?: string }
  | { readonly kind: 'update'; readonly key: ResourceKey; readonly resource: Resource; readonly ifMatch?: number }
  | { readonly kind: 'delete'; readonly key: ResourceKey; readonly ifMatch?: number }
  | { readonly kind: 'read'; readonly key: ResourceKey; readonly ifNoneMatch?: string }
  | { readonly kind: 'vread'; readonly key: ResourceKey; readonly versionId: string }
  | { readonly kind: 'history'; readonly key: ResourceKey; readonly parameters: readonly (readonly [string, string])[] }
  | { readonly kind: 'search'; readonly type: string; readonly parameters: readonly (readonly [string, string])[] }
  | ({ readonly kind: 'operation' } & OperationCall);

/** An entry and where it stands. */
export interface EntryRequest {
  /** `Bundle.entry[3]` */
  readonly place: string;
  readonly fullUrl?: string;
  readonly action: EntryAction;
}

interface BundleEntry {
  readonly fullUrl?: string;
  readonly resource?: unknown;
  readonly request?: {
    readonly method: string;
    readonly url: string;
    readonly ifMatch?: string;
    readonly ifNoneMatch?: string;
    readonly ifModifiedSince?: string;
    readonly ifNoneExist?: string;
  };
}

/**
 * Reads the entries of a bundle, without the rules of the resources inside.
 * @returns per entry what it asks for, or why that cannot be done.
 * @throws OperationOutcomeError 422 when the bundle itself (all but the entries' resources) breaks its rules.
 */
export function readEntries(
  server: FhirServer,
  caller: Caller,
  bundle: Resource,
): readonly (EntryRequest | OperationOutcomeError)[] {
  const entries: unknown = bundle['entry'] ?? [];
  requireValidEnvelope(server, bundle, entries);
  return (entries as readonly BundleEntry[]).map((entry, index) => {
    const place = `Bundle.entry[${String(index)}]`;
    try {
      return {
        place,
        ...(entry.fullUrl === undefined ? {} : { fullUrl: entry.fullUrl }),
        action: readAction(server, caller, entry, place),
      };
    } catch (error) {
      if (error instanceof OperationOutcomeError) return atPlace(error, place);
      throw error;
    }
  });
}

/**
 * The same failure, its issues naming the entry they are about: `Patient.name[0]` in entry 3 is
 * `Bundle.entry[3].resource.name[0]`, a header's or a parameter's issue is that of the whole entry.
 */
export function atPlace(error: OperationOutcomeError, place: string): OperationOutcomeError {
  const inside = (expression: string): string => {
    if (expression === place || expression.startsWith(`${place}.`)) return expression;
    return /^[A-Z]/.test(expression) ? expression.replace(/^[A-Za-z]+/, `${place}.resource`) : place;
  };
  const placed = error.issues.map((issue): OutcomeIssue => {
    return { ...issue, expression: (issue.expression ?? ['']).map(inside) };
  });
  return new OperationOutcomeError(error.status, placed);
}

/** What was thrown while an entry was done; an expected failure names the entry. */
export const placed = (error: unknown, place: string): unknown =>
  error instanceof OperationOutcomeError ? atPlace(error, place) : error;

/** Makes a decision about an entry; its failure names the entry. */
export function failingAt<Result>(place: string, decision: () => Result): Result {
  try {
    return decision();
  } catch (error) {
    throw placed(error, place);
  }
}

/**
 * The bundle's own rules are checked on a copy without the resources: those are checked one by one, with their entry.
 * A `fullUrl` stands in where an entry has nothing but a resource, since no object may be empty.
 */
function requireValidEnvelope(server: FhirServer, bundle: Resource, entries: unknown): void {
  const bare = (entry: unknown): unknown => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    const { resource, ...rest } = entry as Record<string, unknown>;
    return resource === undefined || Object.keys(rest).length > 0 ? rest : { fullUrl: 'urn:entry' };
  };
  const envelope = { ...bundle, ...(Array.isArray(entries) ? { entry: entries.map(bare) } : {}) };
  if (Array.isArray(entries) && entries.length === 0) Reflect.deleteProperty(envelope, 'entry');
  const issues = validateResource(server.definitions, envelope);
  if (issues.length > 0) throw new OperationOutcomeError(422, issues);
}

function readAction(server: FhirServer, caller: Caller, entry: BundleEntry, place: string): EntryAction {
  const { request } = entry;
  if (request === undefined) throw invalidRequest('An entry of a batch or a transaction needs a request', place);
  const at = `${place}.request.url`;
  const { path, query } = splitUrl(request.url, caller.baseUrl, at);
  const [type = '', id, history, versionId, ...rest] = path;
  const called = operationOfPath(server.definitions, path);
  if (called instanceof OperationOutcomeError) {
    throw new OperationOutcomeError(
      called.status,
      called.issues.map((issue) => ({ ...issue, expression: [at] })),
    );
  }
  if (called !== undefined)
    return operationAction(server, called, request.method, readQuery(query, at), entry.resource);
  if (type === '' || rest.length > 0 || (history !== undefined && history !== '_history') || id?.startsWith('_')) {
    throw notSupported(`"${clip(request.url)}" is no URL of an interaction supported in a bundle`, at);
  }
  requireResourceType(server, type);
  switch (request.method) {
    case 'GET': {
      if (request.ifModifiedSince !== undefined) {
        throw notSupported('ifModifiedSince is not supported; use ifNoneMatch', `${place}.request.ifModifiedSince`);
      }
      if (id === undefined) return { kind: 'search', type, parameters: readQuery(query, at) };
      const key = { type, id };
      if (history !== undefined && versionId === undefined)
        return { kind: 'history', key, parameters: readQuery(query, at) };
      requireWholeResource(readQuery(query, at));
      if (versionId !== undefined) return { kind: 'vread', key, versionId };
      const { ifNoneMatch } = request;
      return { kind: 'read', key, ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) };
    }
    case 'POST': {
      if (id !== undefined || query !== '') throw notSupported('POST goes to a type, such as "Patient"', at);
      const resource = requireResource(entry.resource, `${place}.resource`);
      if (resource.resourceType !== type) {
        throw invalidRequest(`The URL says ${type}, the resource is of type ${clip(resource.resourceType)}`, at);
      }
      const { ifNoneExist } = request;
      return { kind: 'create', type, resource, ...(ifNoneExist === undefined ? {} : { ifNoneExist }) };
    }
    case 'PUT': {
      const key = instance(type, id, history, query, 'update', at);
      const resource = requireResource(entry.resource, `${place}.resource`);
      requireIdentity(key, resource, `${place}.resource`);
      return { kind: 'update', key, resource, ...ifMatchOf(request.ifMatch, place) };
    }
    case 'DELETE': {
      const key = instance(type, id, history, query, 'delete', at);
      if (!idPattern.test(key.id)) throw notFound(clip(request.url));
      return { kind: 'delete', key, ...ifMatchOf(request.ifMatch, place) };
    }
    default:
      throw notSupported(`${clip(request.method)} is not supported in a bundle`, `${place}.request.method`);
  }
}

function operationAction(
  server: FhirServer,
  called: FoundOperation,
  method: string,
  query: readonly (readonly [string, string])[],
  body: unknown,
): EntryAction {
  const { name, affectsState } = called.operation;
  if (method !== 'POST' && (method !== 'GET' || affectsState)) {
    throw methodNotAllowed(`$${name} is invoked by ${affectsState ? 'POST' : 'GET or POST'}, not by ${clip(method)}`);
  }
  const source = { query, ...(method === 'POST' && body !== undefined ? { body } : {}) };
  return { kind: 'operation', ...called, input: readInput(server.definitions, called.operation, source) };
}

/** The key a write goes to, which must be an instance: conditional updates and deletes are not supported yet. */
function instance(
  type: string,
  id: string | undefined,
  history: string | undefined,
  query: string,
  interaction: string,
  at: string,
): ResourceKey {
  if (query !== '') throw notSupported(`Conditional ${interaction} is not supported`, at);
  if (id === undefined || history !== undefined) throw invalidRequest(`The URL must be ${type}/[id]`, at);
  return { type, id };
}

/** The decoded path segments and the query of an entry's URL, which is relative to the base or starts with it. */
function splitUrl(url: string, baseUrl: string, at: string): { path: string[]; query: string } {
  const relative = url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length + 1) : url.replace(/^\//, '');
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative)) {
    throw notSupported(`"${clip(url)}" is not on this server; URLs are relative, such as "Patient/1"`, at);
  }
  const mark = relative.indexOf('?');
  const [path, query] = mark < 0 ? [relative, ''] : [relative.slice(0, mark), relative.slice(mark + 1)];
  try {
    return { path: path.split('/').map(decodeURIComponent), query };
  } catch {
    throw invalidRequest(`"${clip(url)}" is not percent-encoded correctly`, at);
  }
}

function ifMatchOf(text: string | undefined, place: string): { ifMatch?: number } {
  return text === undefined ? {} : { ifMatch: readVersionTag(text, `${place}.request.ifMatch`) };
}

/**
 * Reads the versionId of an ETag: `W/"3"`, also `"3"` or `3` as some clients write it.
 * @throws OperationOutcomeError 400.
 */
export function readVersionTag(text: string, place: string): number {
  const versionId = /^\s*(?:W\/)?("?)([1-9][0-9]{0,14})\1\s*$/.exec(text)?.[2];
  if (versionId === undefined) throw invalidRequest(`"${clip(text)}" names no version; W/"3" would`, place);
  return Number(versionId);
}
