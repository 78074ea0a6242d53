import { invalidRequest, outcome, type OperationOutcome } from '../../fhir/outcome.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import { create } from '../../interactions/create.js';
import { deleteResource } from '../../interactions/delete.js';
import type { Preconditions } from '../../interactions/preconditions.js';
import type { Caller, FhirServer, WriteOutcome } from '../../interactions/server.js';
import { update } from '../../interactions/update.js';
import type { CreateRequest, DeleteRequest, UpdateRequest } from '../interaction-request.js';
import { resourceOf } from './input.js';
import type { JsonObject } from './json-object.js';
import { render } from './render.js';

/** What every mutation answers. https://hl7.org/fhir/R4/graphql.html#mutations */
export interface MutationResult {
  /** The version written, as the REST `Location` header has it. */
  readonly location: string | null;
  /** The resource as it is now; null after a delete. */
  readonly resource: JsonObject | null;
  readonly information: OperationOutcome;
}

const information = (diagnostics: string): OperationOutcome =>
  outcome([{ severity: 'information', code: 'informational', diagnostics }]);

const locationOf = (caller: Caller, key: ResourceKey, versionId: number): string =>
  `${caller.baseUrl}/${keyText(key)}/_history/${String(versionId)}`;

function written(caller: Caller, { version, status }: WriteOutcome): MutationResult {
  return {
    location: locationOf(caller, version, version.versionId),
    resource: render(version),
    information: information(`${keyText(version)} was ${status}: version ${String(version.versionId)}`),
  };
}

/** The version a client has seen, as `If-Match` says it in REST. @throws OperationOutcomeError 400 for what is no version. */
function seenVersion({ versionId, field }: UpdateRequest | DeleteRequest): Pick<Preconditions, 'ifMatch'> {
  if (versionId === undefined) return {};
  if (!/^[1-9][0-9]{0,14}$/.test(versionId)) throw invalidRequest('versionId must be a version such as "1"', field);
  return { ifMatch: [Number(versionId)] };
}

/** `PatientCreate(res)`. An id in the input is not used. */
export async function createMutation(
  server: FhirServer,
  caller: Caller,
  request: CreateRequest,
): Promise<MutationResult> {
  const resource = resourceOf(server.definitions, request.type, request.resource, request.field);
  return written(caller, await create(server, caller, { resource }));
}

/** `PatientUpdate(id, res, versionId)`. The input's id may be left out; another one than `id` is refused. */
export async function updateMutation(
  server: FhirServer,
  caller: Caller,
  request: UpdateRequest,
): Promise<MutationResult> {
  const { type, id } = request;
  const ifMatch = seenVersion(request);
  const given = resourceOf(server.definitions, type, request.resource, request.field);
  const resource = given.id === undefined ? { ...given, id } : given;
  return written(caller, await update(server, caller, { key: { type, id }, resource, ...ifMatch }));
}

/** `PatientDelete(id, versionId)`. Deleting what is not there succeeds, as in REST, unless a version of it was seen. */
export async function deleteMutation(
  server: FhirServer,
  caller: Caller,
  request: DeleteRequest,
): Promise<MutationResult> {
  const key = { type: request.type, id: request.id };
  const version = await deleteResource(server, caller, { key, ...seenVersion(request) });
  return {
    location: version === undefined ? null : locationOf(caller, key, version.versionId),
    resource: null,
    information: information(version === undefined ? `There was no ${keyText(key)}` : `${keyText(key)} is deleted`),
  };
}
