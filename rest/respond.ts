import type { Request } from 'express';
import { parseJson, stringifyJson } from '../fhir/json.js';
import { invalidRequest, notFound, notSupported } from '../fhir/outcome.js';
import type { Patch } from '../fhir/patch/patch.js';
import type { Resource } from '../fhir/resource.js';
import { subsetOf } from '../fhir/subset.js';
import type { FhirVersion } from '../fhir/version.js';
import { audited } from '../interactions/audit.js';
import { batch } from '../interactions/batch.js';
import { withDownload, writtenBody } from '../interactions/binary.js';
import type { BundleAnswer, EntryAnswer } from '../interactions/bundle-answer.js';
import { capabilities } from '../interactions/capabilities.js';
import { withoutFormat } from '../interactions/conditional-create.js';
import { conditionalDelete } from '../interactions/conditional-delete.js';
import { isUnmodified, namesVersion } from '../interactions/conditional-read.js';
import { conditionalUpdate } from '../interactions/conditional-update.js';
import { create } from '../interactions/create.js';
import { deleteResource } from '../interactions/delete.js';
import { history } from '../interactions/history.js';
import { patch } from '../interactions/patch.js';
import { type Preconditions, readPreconditions, readVersionTags } from '../interactions/preconditions.js';
import { jsonPatch, patchOfParameters } from '../interactions/read-patch.js';
import { readQuery } from '../interactions/read-query.js';
import type { FoundOperation } from '../interactions/operations/find-operation.js';
import { readInput } from '../interactions/operations/read-input.js';
import { operate } from '../interactions/operations/operate.js';
import { read, readForm } from '../interactions/read.js';
import { clip, requireResource } from '../interactions/resource-type.js';
import { pathOf, type SearchPlace } from '../interactions/search-place.js';
import { search } from '../interactions/search.js';
import type { Caller, FhirServer, WriteOutcome } from '../interactions/server.js';
import { smartConfiguration } from '../interactions/smart-configuration.js';
import { terminologyCapabilities } from '../interactions/terminology-capabilities.js';
import { transaction } from '../interactions/transaction.js';
import { update } from '../interactions/update.js';
import { vread } from '../interactions/vread.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import { jsonAnswer, type RestAnswer } from './answer.js';
import { bundleOutcome, bundleSubject } from './audit-subject.js';
import { contentAnswer, negotiateBinary, readBinary } from './binary.js';
import { parseBody } from './body.js';
import { historyBundle, operationBody, responseBundle, searchsetBundle, shownBody } from './bundle.js';
import {
  negotiateAnswer,
  patchForm,
  readPreference,
  requireFormBody,
  requireJsonBody,
  type Preference,
} from './negotiate.js';
import { prettyJson } from './pretty.js';
import { graphqlAnswer, graphqlOfAnswer, isGraphql } from './graphql.js';
import { begunAnswer, jobAnswer } from './jobs.js';
import { besideProvenance } from './provenance.js';
import { deleteAnswer, notModifiedAnswer, versionAnswer, writeAnswer } from './render.js';
import type { RestContext, RestRequest } from './request.js';

/**
 * Does the interaction a request asks for.
 * @throws OperationOutcomeError for everything expected that can go wrong.
 */
export async function respond(context: RestContext, request: RestRequest): Promise<RestAnswer> {
  const caller: Caller = { principal: request.principal, baseUrl: request.baseUrl };
  return besideProvenance(context.server, caller, request, (server) =>
    respondTo({ ...context, server }, request, caller),
  );
}

async function respondTo(context: RestContext, request: RestRequest, caller: Caller): Promise<RestAnswer> {
  const { server } = context;
  const { http, baseUrl, route } = request;
  const preference = readPreference(http.get('prefer'));
  switch (route.kind) {
    case 'read':
      return readAnswer(request, server, await read(server, caller, route.key));
    case 'vread':
      return readAnswer(request, server, await vread(server, caller, route.key, route.versionId));
    case 'history':
      return jsonAnswer(
        200,
        historyBundle(
          server.definitions,
          baseUrl,
          await history(server, caller, route.scope, readQuery(request.query)),
          formatIn(readQuery(request.query)),
        ),
      );
    case 'search':
      return searchAnswer(server, caller, route.place, readQuery(request.query), preference);
    case 'search-by-post': {
      const form = await context.readBody(http, request.response);
      if (form !== '' || http.get('content-type') !== undefined) requireFormBody(http.get('content-type'));
      const pairs = [...readQuery(request.query), ...readQuery(form)];
      const asked = new URLSearchParams(formatIn(pairs).map(([name, value]): [string, string] => [name, value]));
      const { pretty } = negotiateAnswer(server.definitions.version, http.get('accept'), asked);
      const answer = await searchAnswer(server, caller, route.place, pairs, preference);
      return pretty && answer.body !== undefined ? { ...answer, body: prettyJson(answer.body) } : answer;
    }
    case 'create': {
      const { resource, isRaw } = await readSent(context, request, route.type);
      const ifNoneExist = ifNoneExistOf(http);
      if (resource.resourceType !== route.type) {
        const actual = clip(resource.resourceType);
        throw invalidRequest(`The URL says ${route.type}, the resource is of type ${actual}`, 'resourceType');
      }
      const outcome = await create(server, caller, {
        resource,
        ...(ifNoneExist === undefined ? {} : { ifNoneExist }),
      });
      return writtenAnswer(request, server, outcome, isRaw ? { ...ofRaw(request, server), ...preference } : preference);
    }
    case 'update': {
      const { resource, isRaw } = await readSent(context, request, route.key.type, route.key.id);
      const change = { key: route.key, resource, ...preconditions(http) };
      const outcome = await update(server, caller, change);
      return writtenAnswer(request, server, outcome, isRaw ? { ...ofRaw(request, server), ...preference } : preference);
    }
    case 'conditional-update': {
      const resource = await readResource(context, request);
      const change = { type: route.type, criteria: withoutFormat(request.query), resource, ...preconditions(http) };
      return writtenAnswer(request, server, await conditionalUpdate(server, caller, change), preference);
    }
    case 'patch': {
      const change = { key: route.key, patch: await readPatch(context, request), ...ifMatch(http) };
      return writtenAnswer(request, server, await patch(server, caller, change), preference);
    }
    case 'conditional-patch': {
      const criteria = withoutFormat(request.query);
      const change = { type: route.type, criteria, patch: await readPatch(context, request), ...ifMatch(http) };
      return writtenAnswer(request, server, await patch(server, caller, change), preference);
    }
    case 'delete':
      return deleteAnswer(
        [await deleteResource(server, caller, { key: route.key, ...ifMatch(http) })].filter(
          (each) => each !== undefined,
        ),
        preference,
      );
    case 'conditional-delete': {
      const change = { type: route.type, criteria: withoutFormat(request.query), ...ifMatch(http) };
      return deleteAnswer(await conditionalDelete(server, caller, change), preference);
    }
    case 'bundle':
      return bundle(context, request, caller, preference);
    case 'operation':
      if (isGraphql(route)) return graphqlAnswer(context, request, caller, route);
      return operation(context, request, caller, { called: route, preference });
    case 'jobs':
    case 'job':
    case 'job-cancel':
    case 'job-file':
      return jobAnswer(server, caller, route);
    case 'capabilities':
    case 'smart-configuration':
      throw notSupported('What is for anyone is answered without a principal');
  }
}

/** The modes of R4's metadata; a server may answer `normative` with what `full` gives. STU3 has none. */
const metadataModes: Readonly<Record<FhirVersion, readonly string[]>> = {
  r4: ['full', 'normative', 'terminology'],
  stu3: ['full'],
};

/**
 * The capability statement, for anyone; in mode `terminology` what is known of code systems.
 * https://hl7.org/fhir/R4/http.html#capabilities
 * @param parameters of the query: `mode`, and `_summary` or `_elements` for a part of it.
 * @throws OperationOutcomeError 400 for a mode that there is not, and for what is no part.
 */
export async function capabilitiesAnswer(
  server: FhirServer,
  baseUrl: string,
  parameters: URLSearchParams,
  ifNoneMatch?: string,
): Promise<RestAnswer> {
  const mode = parameters.get('mode') ?? 'full';
  const modes = metadataModes[server.definitions.version];
  if (!modes.includes(mode)) throw notSupported(`mode ${clip(mode)} is not known; ${modes.join(', ')} are`, 'mode');
  const isOfTerminology = mode === 'terminology';
  const { text, digest } = isOfTerminology
    ? await terminologyCapabilities(server, baseUrl)
    : capabilities(server, baseUrl);
  const form = readForm(server, isOfTerminology ? 'TerminologyCapabilities' : 'CapabilityStatement', parameters);
  if (form !== undefined) {
    const whole = parseJson(text) as Resource;
    return jsonAnswer(200, stringifyJson(subsetOf(server.definitions, whole, form) ?? whole));
  }
  const headers = { ETag: `W/"${digest}"` };
  return ifNoneMatch !== undefined && namesVersion(ifNoneMatch, digest)
    ? { status: 304, headers }
    : jsonAnswer(200, text, headers);
}

/**
 * The SMART configuration, for anyone. https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known
 * @throws OperationOutcomeError 404 where SMART scopes do not count.
 */
export function smartConfigurationAnswer(server: FhirServer): RestAnswer {
  const configuration = smartConfiguration(server);
  if (configuration === undefined)
    throw notFound('The SMART configuration of this server, which takes no SMART scopes,');
  return { ...jsonAnswer(200, JSON.stringify(configuration)), headers: { 'Content-Type': 'application/json' } };
}

async function readResource({ server, readBody }: RestContext, { http, response }: RestRequest) {
  requireJsonBody(server.definitions.version, http.get('content-type'));
  return requireResource(parseBody(await readBody(http, response)));
}

/** What a create or update brings: a resource, or a Binary as its content. */
async function readSent(
  context: RestContext,
  request: RestRequest,
  type: string,
  id?: string,
): Promise<{ readonly resource: Resource; readonly isRaw: boolean }> {
  const { server, readBytes } = context;
  const { http, response } = request;
  if (type !== 'Binary') return { resource: await readResource(context, request), isRaw: false };
  return readBinary(server.definitions.version, (name) => http.get(name), await readBytes(http, response), id);
}

/** What is answered to content that came as it is: where it is; to who asks for JSON, the resource that holds it as well. */
function ofRaw({ http, parameters }: RestRequest, server: FhirServer): Pick<Preference, 'return'> {
  const form = negotiateBinary(server.definitions.version, http.get('accept'), parameters);
  return { return: form === 'resource' || form === 'json' ? 'representation' : 'minimal' };
}

/** The answer to a write; a Binary without content is told where to put it. */
async function writtenAnswer(
  { baseUrl }: RestRequest,
  server: FhirServer,
  outcome: WriteOutcome,
  preference: Preference,
): Promise<RestAnswer> {
  const { version } = outcome;
  const isShown = version.type === 'Binary' && (preference.return ?? 'representation') === 'representation';
  const body = isShown ? await writtenBody(server, baseUrl, version) : version.body;
  return writeAnswer(baseUrl, outcome, preference, body);
}

async function operation(
  context: RestContext,
  request: RestRequest,
  caller: Caller,
  { called, preference }: { readonly called: FoundOperation; readonly preference: Preference },
): Promise<RestAnswer> {
  const { server, readBody } = context;
  const { http, response, baseUrl, query } = request;
  const { asynchronous, name } = called.operation;
  if (asynchronous === 'always' && preference.respondAsync !== true) {
    throw invalidRequest(`$${name} is answered before it is done: send Prefer: respond-async`, 'http.Prefer');
  }
  const text = http.method === 'POST' ? await readBody(http, response) : '';
  const hasBody = text.trim() !== '';
  if (hasBody) requireJsonBody(server.definitions.version, http.get('content-type'));
  const pairs = readQuery(query);
  const graphql = pairs.find(([name]) => name === '_graphql')?.[1];
  const source = {
    query: pairs.filter(([name]) => name !== '_graphql'),
    ...(hasBody ? { body: parseBody(text) } : {}),
  };
  const input = readInput(server.definitions, called.operation, source);
  const kickOff =
    asynchronous !== undefined && preference.respondAsync === true
      ? { kickOff: { request: requestUrl(request), handling: preference.handling } }
      : {};
  const call = { ...called, input, ...(called.operation.affectsState ? ifMatch(http) : {}), ...kickOff };
  const done = await operate(server, caller, call);
  if (done.kind === 'job') return begunAnswer(baseUrl, done.id);
  const answer = operationBody(server.definitions, baseUrl, done, formatIn(pairs));
  return graphql === undefined
    ? jsonAnswer(200, answer)
    : graphqlOfAnswer(context, request, caller, { text: answer, query: graphql });
}

/** The URL of a request, as its client knows it. */
const requestUrl = ({ http, baseUrl, query }: RestRequest): string => {
  const path = http.path === '/' ? '' : http.path;
  return `${baseUrl}${path}${query === '' ? '' : `?${query}`}`;
};

async function readPatch({ server, readBody }: RestContext, { http, response }: RestRequest): Promise<Patch> {
  const form = patchForm(server.definitions.version, http.get('content-type'));
  const body = parseBody(await readBody(http, response));
  return form === 'json' ? jsonPatch(body) : patchOfParameters(server.definitions, requireResource(body));
}

async function bundle(
  context: RestContext,
  request: RestRequest,
  caller: Caller,
  preference: Preference,
): Promise<RestAnswer> {
  const { server, log } = context;
  const resource = await readResource(context, request);
  if (resource.resourceType !== 'Bundle') {
    const type = clip(resource.resourceType);
    throw invalidRequest(`A Bundle goes to the base; a resource goes to its type, [base]/${type}`, 'resourceType');
  }
  const type = resource['type'];
  if (type !== 'batch' && type !== 'transaction') {
    throw invalidRequest(
      'The type of a Bundle sent to the base is batch or transaction; others are stored by POST [base]/Bundle',
      'Bundle.type',
    );
  }
  const act = (): Promise<BundleAnswer> => (type === 'batch' ? batch : transaction)(server, caller, resource);
  const answer = await audited(server, caller, bundleSubject(resource, request.baseUrl), act, bundleOutcome);
  const shown = preference.return ?? 'minimal';
  const told = shown === 'representation' ? await withUploads(server, request.baseUrl, answer) : answer;
  return jsonAnswer(200, responseBundle(server.definitions, request.baseUrl, told, shown, log));
}

/** What came of a bundle; Binaries without content that it wrote are told where to put it, as after a single write. */
async function withUploads(server: FhirServer, baseUrl: string, answer: BundleAnswer): Promise<BundleAnswer> {
  const entries = answer.entries.map(async (entry): Promise<EntryAnswer> => {
    if (entry.kind !== 'written' || entry.version.type !== 'Binary') return entry;
    const body = await writtenBody(server, baseUrl, entry.version);
    return { ...entry, version: { ...entry.version, body } };
  });
  return { ...answer, entries: await Promise.all(entries) };
}

async function searchAnswer(
  server: FhirServer,
  caller: Caller,
  place: SearchPlace,
  pairs: readonly (readonly [string, string])[],
  { handling }: Preference,
): Promise<RestAnswer> {
  const cursor = pairs.find(([name]) => name === '_page')?.[1];
  const parameters = pairs.filter(([name]) => name !== '_page' && !aboutFormat.has(name));
  const resized = cursor === undefined ? {} : pageSizeIn(parameters);
  const page = await search(server, caller, place, {
    parameters: cursor === undefined ? parameters : [],
    handling,
    ...(cursor === undefined ? {} : { cursor }),
    ...resized,
  });
  const links = { format: formatIn(pairs), ...(cursor === undefined ? {} : { cursor, ...resized }) };
  return jsonAnswer(200, searchsetBundle(server.definitions, caller.baseUrl, pathOf(place), page, links));
}

/**
 * What may stand beside a page's token: another page size, as clients write it that take links apart (Medplum's).
 * @throws OperationOutcomeError 400 for anything else.
 */
function pageSizeIn(parameters: readonly (readonly [string, string])[]): { readonly count?: number } {
  const given = parameters.filter(([, value]) => value !== '');
  if (given.some(([name]) => name !== '_count')) {
    throw invalidRequest('A page link is used as it is, without further parameters but _count', '_page');
  }
  const text = given.at(-1)?.[1];
  if (text === undefined) return {};
  if (!/^\d+$/.test(text)) throw invalidRequest(`_count is a whole number from 0 on, not "${clip(text)}"`, '_count');
  return { count: Number(text) };
}

/** Parameters that say how an answer is written, not what it holds. https://hl7.org/fhir/R4/http.html#parameters */
const aboutFormat: ReadonlySet<string> = new Set(['_format', '_pretty']);

/** These parameters, which page links carry on. */
const formatIn = (pairs: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] =>
  pairs.filter(([name, value]) => aboutFormat.has(name) && value !== '');

/** A version, or 304 when the client has it. https://hl7.org/fhir/R4/http.html#cread */
async function readAnswer(
  { http, baseUrl, parameters }: RestRequest,
  server: FhirServer,
  version: StoredVersion,
): Promise<RestAnswer> {
  const form = readForm(server, version.type, parameters);
  const ifNoneMatch = http.get('if-none-match');
  const since = http.get('if-modified-since');
  const conditions = {
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
    ...(since === undefined ? {} : { ifModifiedSince: Date.parse(since) }),
  };
  if (isUnmodified(version, conditions, 1000)) return notModifiedAnswer(version);
  const shown = (): string => shownBody(server.definitions, version, form);
  if (version.type !== 'Binary') return versionAnswer(baseUrl, version, shown());
  const asked = negotiateBinary(server.definitions.version, http.get('accept'), parameters);
  const content = await contentAnswer(server, { baseUrl, range: http.get('range'), form: asked }, version);
  return content ?? versionAnswer(baseUrl, version, await withDownload(server, baseUrl, version, shown()));
}

const preconditions = (http: Request): Preconditions =>
  readPreconditions(
    { ifMatch: http.get('if-match'), ifNoneMatch: http.get('if-none-match') },
    { ifMatch: 'http.If-Match', ifNoneMatch: 'http.If-None-Match' },
  );

function ifMatch(http: Request): Pick<Preconditions, 'ifMatch'> {
  const text = http.get('if-match');
  return text === undefined ? {} : { ifMatch: readVersionTags(text, 'http.If-Match') };
}

/**
 * The criteria of a conditional create. Several headers would be read as one with a comma, which means "or"; bytes
 * beyond ASCII arrive as other letters than were sent: both would miss what is there and create it again.
 * @throws OperationOutcomeError 400.
 */
function ifNoneExistOf(http: Request): string | undefined {
  const texts = http.headersDistinct['if-none-exist'] ?? [];
  if (texts.length > 1) throw invalidRequest('If-None-Exist is there more than once', 'http.If-None-Exist');
  const [text] = texts;
  if (text !== undefined && !/^[\x20-\x7e]*$/.test(text)) {
    throw invalidRequest('If-None-Exist must be percent-encoded beyond ASCII', 'http.If-None-Exist');
  }
  return text;
}
