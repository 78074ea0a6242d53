import { OperationOutcomeError, unprocessable, type OutcomeIssue } from '../fhir/outcome.js';
import type { Resource } from '../fhir/resource.js';
import { type AllowedEndpoints, EndpointRefused, requireAllowed } from '../indexer/endpoint.js';
import { requireUnchained, type SearchRequest } from '../search/request.js';
import { readQuery } from './read-query.js';
import { clip } from './resource-type.js';
import { criteriaOf } from './search-type.js';
import type { Caller, FhirServer } from './server.js';

/** What a Subscription asks for, understood. */
export interface SubscriptionTerms {
  readonly request: SearchRequest;
  readonly endpoint: string;
  /** The media type of what is sent; nothing is sent along without it. */
  readonly payload?: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Milliseconds since 1970. */
  readonly end?: number;
}

/** The parts of a Subscription that are read here; its structure was checked when it was written. */
interface Written {
  readonly criteria: string;
  readonly end?: string;
  readonly channel: {
    readonly type: string;
    readonly endpoint?: string;
    readonly payload?: string;
    readonly header?: readonly string[];
  };
}

const refused = (diagnostics: string, element: string): OperationOutcomeError =>
  unprocessable('not-supported', diagnostics, `Subscription.${element}`);

/**
 * Reads what a Subscription asks for. https://hl7.org/fhir/R4/subscription.html https://hl7.org/fhir/STU3/subscription.html
 * @param caller who is to be told, and whose rights count.
 * @throws OperationOutcomeError 422 naming what this server does not do: a channel, a payload, an endpoint, criteria; 403
 * when the caller may not search what the criteria speak of.
 */
export async function readSubscription(
  server: FhirServer,
  caller: Caller,
  resource: Resource,
  allowed: AllowedEndpoints,
): Promise<SubscriptionTerms> {
  const { criteria, end, channel } = resource as unknown as Written;
  if (channel.type !== 'rest-hook') {
    throw refused(`Notifications go by rest-hook only, not by ${clip(channel.type)}`, 'channel.type');
  }
  requireEndpoint(channel.endpoint, allowed);
  const payload = mediaTypeOf(channel.payload);
  return {
    request: await readCriteria(server, caller, criteria),
    endpoint: channel.endpoint ?? '',
    headers: (channel.header ?? []).map((header, place) => readHeader(header, place)),
    ...(payload === undefined ? {} : { payload }),
    ...(end === undefined ? {} : { end: Date.parse(end) }),
  };
}

function requireEndpoint(endpoint: string | undefined, allowed: AllowedEndpoints): void {
  if (endpoint === undefined) throw refused('A rest-hook needs the URL to notify', 'channel.endpoint');
  try {
    requireAllowed(endpoint, allowed);
  } catch (error) {
    if (!(error instanceof EndpointRefused)) throw error;
    throw refused(`The endpoint cannot be notified: ${error.message}`, 'channel.endpoint');
  }
}

/** STU3 has no payload as an empty text as well. */
function mediaTypeOf(payload: string | undefined): string | undefined {
  if (payload === undefined || payload === '') return undefined;
  if (/^application\/(?:fhir\+)?json(?:\s*;\s*charset=utf-8)?$/i.test(payload)) return payload;
  throw refused(`The payload is application/fhir+json, or none; ${clip(payload)} is not sent`, 'channel.payload');
}

/** What the connection is made of, and what the notification itself says. */
const ownHeaders = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function readHeader(text: string, place: number): readonly [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:[ \t]*([\x20-\x7e\t]*)$/.exec(text) ?? [];
  const element = `channel.header[${String(place)}]`;
  if (name === undefined || value === undefined) throw refused('A header has the form "Name: value"', element);
  const isOwn = ownHeaders.has(name.toLowerCase()) || name.toLowerCase().startsWith('proxy-');
  if (isOwn) throw refused(`The header ${clip(name)} is the connection's own`, element);
  return [name, value.trim()];
}

async function readCriteria(server: FhirServer, caller: Caller, criteria: string): Promise<SearchRequest> {
  const [path = '', ...rest] = criteria.split('?');
  const type = path.replace(/^\//, '');
  const query = rest.join('?');
  try {
    const request = requireUnchained((await criteriaOf(server, caller, type, query)).parsed);
    // What shapes the answer of a search says nothing of a resource, nor does a parameter without a value.
    if (request.filters.length === readQuery(query).length) return request;
    throw refused('The criteria have parameters that are no conditions on the resource alone', 'criteria');
  } catch (error) {
    if (!(error instanceof OperationOutcomeError) || error.status === 403 || error.status >= 500) throw error;
    throw new OperationOutcomeError(422, error.issues.map(atCriteria));
  }
}

const atCriteria = (issue: OutcomeIssue): OutcomeIssue => ({ ...issue, expression: ['Subscription.criteria'] });

/**
 * What is wrong with a Subscription that is to be written; nothing where it asks for nothing, being off.
 * @param place where it stands, for the issues' expressions; absent when it is the whole body.
 * @throws OperationOutcomeError 403 when the caller may not search what the criteria speak of.
 */
export async function subscriptionIssues(
  server: FhirServer,
  caller: Caller,
  resource: Resource,
  place = 'Subscription',
): Promise<OutcomeIssue[]> {
  const allowed = server.subscriptions;
  if (allowed === undefined || resource.resourceType !== 'Subscription' || resource['status'] === 'off') return [];
  try {
    await readSubscription(server, caller, resource, allowed);
    return [];
  } catch (error) {
    if (!(error instanceof OperationOutcomeError) || error.status !== 422) throw error;
    return error.issues.map((issue) => ({
      ...issue,
      expression: (issue.expression ?? []).map((text) => text.replace(/^Subscription/, place)),
    }));
  }
}

/**
 * A Subscription as it is stored: what a client writes is a request, or switches it off; active and in error are for the
 * server to say. https://hl7.org/fhir/R4/subscription-definitions.html#Subscription.status
 */
export function asRequested(server: FhirServer, resource: Resource): Resource {
  if (server.subscriptions === undefined || resource.resourceType !== 'Subscription') return resource;
  const kept = Object.entries(resource).filter(([name]) => name !== 'error' && name !== '_error');
  const status = resource['status'] === 'off' ? 'off' : 'requested';
  return { ...Object.fromEntries(kept), status } as unknown as Resource;
}

/** Who is told, as it is kept with a Subscription: their rights count at each notification. */
export const authorOf = (server: FhirServer, { principal, baseUrl }: Caller, type: string): string | undefined =>
  server.subscriptions !== undefined && type === 'Subscription' ? JSON.stringify({ principal, baseUrl }) : undefined;

/** Who is told, as it was kept. */
export const callerOf = (author: string): Caller => JSON.parse(author) as Caller;
