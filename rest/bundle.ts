import { STATUS_CODES } from 'node:http';
import type { FhirDefinitions } from '../fhir/definitions.js';
import { parseJson, stringifyJson } from '../fhir/json.js';
import { outcome, type OperationOutcome } from '../fhir/outcome.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import { type ResultForm, subsetOf } from '../fhir/subset.js';
import type { FhirVersion } from '../fhir/version.js';
import type { BundleAnswer, EntryAnswer } from '../interactions/bundle-answer.js';
import type { HistoryScope } from '../interactions/history-request.js';
import type { HistoryPage } from '../interactions/history.js';
import type { OperationResult } from '../interactions/operations/operation.js';
import type { SearchPage } from '../interactions/search-page.js';
import type { WriteOutcome } from '../interactions/server.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { failureOf, type ErrorLog } from './errors.js';

// Bundles are put together as text: the stored bodies go in as they are, without being parsed.

const json = (value: string): string => JSON.stringify(value);

const fullUrl = (baseUrl: string, key: ResourceKey): string => `"fullUrl":${json(`${baseUrl}/${keyText(key)}`)}`;

const link = (relation: string, url: string): string => `{"relation":"${relation}","url":${json(url)}}`;

const members = (parts: readonly (string | undefined)[]): string =>
  `{${parts.filter((part) => part !== undefined).join(',')}}`;

const list = (name: string, items: readonly string[]): string | undefined =>
  items.length === 0 ? undefined : `"${name}":[${items.join(',')}]`;

const totalOf = (total: number | undefined): string | undefined =>
  total === undefined ? undefined : `"total":${String(total)}`;

/** The ETag of a version. https://hl7.org/fhir/R4/http.html#versioning */
export const etagOf = ({ versionId }: { readonly versionId: number }): string => `W/"${String(versionId)}"`;

/** The reference of a version, such as `Patient/1/_history/2`. */
export const versionText = (version: StoredVersion): string =>
  `${keyText(version)}/_history/${String(version.versionId)}`;

/**
 * The text of a version as an answer shows it: as it is stored, unless a part of it is asked for.
 * @param isIncluded whether it is shown for another resource's sake.
 */
export function shownBody(
  definitions: FhirDefinitions,
  version: StoredVersion,
  form: ResultForm | undefined,
  isIncluded = false,
): string {
  const part = form && subsetOf(definitions, parseJson(version.body) as Resource, form, isIncluded);
  return part === undefined ? version.body : stringifyJson(part);
}

/** What of a request stands in the links of its answer. */
export interface LinksAsked {
  /** The page token that was asked for, for the self link; absent on a first page. */
  readonly cursor?: string;
  /** The page size that was asked for beside it. */
  readonly count?: number;
  /** `_format` and `_pretty` as they were asked for: other pages are to be written as this one. */
  readonly format?: readonly (readonly [string, string])[];
}

/** The links of a bundle: of other pages by their tokens, and of itself by what was understood of the query. */
function linksFor(
  url: string,
  used: readonly (readonly [string, string])[],
  { cursor, count, format = [] }: LinksAsked,
): { readonly self: string; readonly pageUrl: (token: string) => string } {
  const withQuery = (pairs: readonly (readonly [string, string])[]): string => {
    const query = new URLSearchParams([...pairs, ...format].map(([name, value]): [string, string] => [name, value]));
    return query.size === 0 ? url : `${url}?${query.toString()}`;
  };
  const pageUrl = (token: string): string => withQuery([['_page', token]]);
  const ofPage = (token: string): string =>
    withQuery([['_page', token], ...(count === undefined ? [] : [['_count', String(count)] as const])]);
  return { pageUrl, self: cursor === undefined ? withQuery(used) : ofPage(cursor) };
}

/**
 * A searchset Bundle. https://hl7.org/fhir/R4/search.html#Bundle
 * @param path where was searched, below the base: `Patient`, empty for the whole system; also an operation's.
 */
export function searchsetBundle(
  definitions: FhirDefinitions,
  baseUrl: string,
  path: string,
  page: SearchPage,
  asked: LinksAsked = {},
): string {
  const { pageUrl, self } = linksFor(path === '' ? baseUrl : `${baseUrl}/${path}`, page.used, asked);
  const found =
    (mode: 'match' | 'include') =>
    (version: StoredVersion): string =>
      `{${fullUrl(baseUrl, version)},"resource":${shownBody(definitions, version, page.form, mode === 'include')},"search":${searchOf(mode, page.distances?.get(keyText(version)))}}`;
  const warnings = page.warnings.map((diagnostics) => ({
    severity: 'warning' as const,
    code: 'not-supported',
    diagnostics,
  }));
  const { first, previous, next, last } = page.links;
  const links = [
    ['first', first],
    ['previous', previous],
    ['next', next],
    ['last', last],
  ] as const;
  return members([
    '"resourceType":"Bundle","type":"searchset"',
    totalOf(page.total),
    list('link', [
      link('self', self),
      ...links.flatMap(([relation, token]) => (token === undefined ? [] : [link(relation, pageUrl(token))])),
    ]),
    list('entry', [
      ...page.matches.flatMap((version) => {
        const shown = page.shown?.get(keyText(version));
        if (shown === undefined) return [found('match')(version)];
        return [
          ...(shown.own ? [found('match')(version)] : []),
          ...shown.contained.map((each) => containedEntry(definitions, baseUrl, version, each, page.form)),
        ];
      }),
      ...page.included.map(found('include')),
      ...(warnings.length === 0
        ? []
        : [`{"resource":${stringifyJson(outcome(warnings))},"search":{"mode":"outcome"}}`]),
    ]),
  ]);
}

/** A resource by itself that is contained in another one. https://hl7.org/fhir/R4/search.html#contained */
function containedEntry(
  definitions: FhirDefinitions,
  baseUrl: string,
  container: ResourceKey,
  resource: Resource,
  form: ResultForm | undefined,
): string {
  const url = `${baseUrl}/${keyText(container)}#${resource.id ?? ''}`;
  const part = form && subsetOf(definitions, resource, form);
  return `{"fullUrl":${json(url)},"resource":${stringifyJson(part ?? resource)},"search":{"mode":"match"}}`;
}

/** Why an entry is there, and how far a location is from the place searched around. https://hl7.org/fhir/R4/location.html#positional */
function searchOf(mode: 'match' | 'include', kilometres: number | undefined): string {
  if (kilometres === undefined || mode === 'include') return `{"mode":"${mode}"}`;
  const valueDistance = { value: kilometres, unit: 'km', system: 'http://unitsofmeasure.org', code: 'km' };
  const extension = [{ url: 'http://hl7.org/fhir/StructureDefinition/location-distance', valueDistance }];
  return JSON.stringify({ extension, mode });
}

/** What came of an operation: a resource, or a searchset of stored ones. */
export const operationBody = (
  definitions: FhirDefinitions,
  baseUrl: string,
  answer: OperationResult,
  format: LinksAsked['format'] = [],
): string =>
  answer.kind === 'resource'
    ? stringifyJson(answer.resource)
    : searchsetBundle(definitions, baseUrl, answer.path, answer.page, {
        format,
        ...(answer.cursor === undefined ? {} : { cursor: answer.cursor }),
      });

/**
 * A history Bundle. https://hl7.org/fhir/R4/http.html#history
 * R4 asks for `response` in its entries, STU3 forbids it there (invariant bdl-4 of each). STU3 wants a fullUrl once per
 * versionId (bdl-7), which two deletions of one resource could not tell apart: there they go without.
 */
export function historyBundle(
  definitions: FhirDefinitions,
  baseUrl: string,
  page: HistoryPage,
  format: LinksAsked['format'] = [],
): string {
  const { version } = definitions;
  const asked = { format, ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
  const { pageUrl, self } = linksFor(`${baseUrl}/${historyPath(page.scope)}`, page.used, asked);
  const entries = page.versions.map((stored) => {
    const { status, request } = historyRequest(version, stored);
    return members([
      version === 'stu3' && stored.deleted ? undefined : fullUrl(baseUrl, stored),
      stored.deleted ? undefined : `"resource":${shownBody(definitions, stored, page.form)}`,
      `"request":${JSON.stringify(request)}`,
      version === 'stu3'
        ? undefined
        : `"response":${JSON.stringify({ status: statusText(status), etag: etagOf(stored), lastModified: stored.lastUpdated })}`,
    ]);
  });
  const { first, next } = page.links;
  return members([
    '"resourceType":"Bundle"',
    page.end === undefined ? undefined : `"meta":{"lastUpdated":"${page.end}"}`,
    '"type":"history"',
    totalOf(page.total),
    list('link', [
      link('self', self),
      ...(first === undefined ? [] : [link('first', pageUrl(first))]),
      ...(next === undefined ? [] : [link('next', pageUrl(next))]),
    ]),
    list('entry', entries),
  ]);
}

function historyPath(scope: HistoryScope): string {
  if (scope.kind === 'instance') return `${keyText(scope.key)}/_history`;
  return scope.kind === 'type' ? `${scope.type}/_history` : '_history';
}

/** The request that made a version, and the status it was answered with. STU3 has no PATCH among its methods. */
function historyRequest(
  version: FhirVersion,
  stored: StoredVersion,
): { status: number; request: { method: string; url: string } } {
  const { type, versionId, created = versionId === 1 } = stored;
  const method = version === 'stu3' && stored.method === 'PATCH' ? 'PUT' : stored.method;
  if (method === 'POST') return { status: 201, request: { method, url: type } };
  const status = method === 'DELETE' ? 204 : created ? 201 : 200;
  return { status, request: { method, url: keyText(stored) } };
}

const statusText = (status: number): string => `${String(status)} ${STATUS_CODES[status] ?? ''}`.trim();

/**
 * A batch-response or transaction-response Bundle. https://hl7.org/fhir/R4/http.html#transaction-response
 * @param show what entries that wrote show beside their status: nothing, what is stored now, or an outcome.
 */
export function responseBundle(
  definitions: FhirDefinitions,
  baseUrl: string,
  answer: BundleAnswer,
  show: 'minimal' | 'representation' | 'OperationOutcome',
  log: ErrorLog,
): string {
  const named = new Set<string>();
  // The same version twice in a bundle must not have the same fullUrl twice (invariant bdl-7): the first has it.
  const fullUrlOnce = (stored: StoredVersion): string | undefined => {
    const name = versionText(stored);
    if (named.has(name)) return undefined;
    named.add(name);
    return fullUrl(baseUrl, stored);
  };
  const entries = answer.entries.map((entry) => responseEntry(definitions, baseUrl, entry, show, fullUrlOnce, log));
  return members([`"resourceType":"Bundle","type":"${answer.type}"`, list('entry', entries)]);
}

function responseEntry(
  definitions: FhirDefinitions,
  baseUrl: string,
  entry: EntryAnswer,
  show: 'minimal' | 'representation' | 'OperationOutcome',
  fullUrlOnce: (stored: StoredVersion) => string | undefined,
  log: ErrorLog,
): string {
  const resource = (body: string): string => `"resource":${body}`;
  switch (entry.kind) {
    case 'written': {
      const told = show === 'OperationOutcome' ? writtenText(entry) : undefined;
      const response = responseOf(entry.status === 'created' ? 201 : 200, entry.version, true, told);
      if (show !== 'representation' || entry.isHidden === true) return members([response]);
      return members([fullUrlOnce(entry.version), resource(entry.version.body), response]);
    }
    case 'deleted':
      return members([
        responseOf(
          204,
          only(entry.versions),
          false,
          show === 'OperationOutcome' ? deletedText(entry.versions) : undefined,
        ),
      ]);
    case 'head':
      return members([responseOf(200, entry.version, false)]);
    case 'capabilities':
      return members([resource(entry.text), responseOf(200)]);
    case 'read':
      return members([
        fullUrlOnce(entry.version),
        resource(shownBody(definitions, entry.version, entry.form)),
        responseOf(200, entry.version, false),
      ]);
    case 'not-modified':
      return members([responseOf(304, entry.version, false)]);
    case 'search':
      return members([resource(searchsetBundle(definitions, baseUrl, entry.path, entry.page)), responseOf(200)]);
    case 'history':
      return members([resource(historyBundle(definitions, baseUrl, entry.page)), responseOf(200)]);
    case 'operation':
      return members([resource(operationBody(definitions, baseUrl, entry.answer)), responseOf(200)]);
    case 'failed': {
      const { status, outcome: explained } = failureOf(entry.error, log, definitions.version);
      return `{"response":{"status":${json(statusText(status))},"outcome":${stringifyJson(explained)}}}`;
    }
  }
}

function responseOf(status: number, version?: StoredVersion, withLocation = false, told?: string): string {
  return `"response":${JSON.stringify({
    status: statusText(status),
    ...(version && withLocation ? { location: versionText(version) } : {}),
    ...(version ? { etag: etagOf(version), lastModified: version.lastUpdated } : {}),
    ...(told === undefined ? {} : { outcome: information(told) }),
  })}`;
}

/** What a successful write says about itself, for `Prefer: return=OperationOutcome`. */
export const writtenText = ({ version, status }: WriteOutcome): string =>
  `${versionText(version)} was ${status === 'unchanged' ? 'there already' : status}`;

/** What a successful delete says about itself. */
export const deletedText = (versions: readonly StoredVersion[]): string => {
  if (versions.length === 0) return 'There was nothing to delete';
  return `${versions.map(keyText).join(', ')} ${versions.length === 1 ? 'is' : 'are'} deleted`;
};

/** The one there is: several have no ETag in common. */
export const only = (versions: readonly StoredVersion[]): StoredVersion | undefined =>
  versions.length === 1 ? versions[0] : undefined;

/** An OperationOutcome that tells of a success. */
export const information = (diagnostics: string): OperationOutcome =>
  outcome([{ severity: 'information', code: 'informational', diagnostics }]);
