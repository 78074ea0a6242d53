import { parseJson, stringifyJson } from '../fhir/json.js';
import { parseReference } from '../fhir/reference.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import { type ResultForm, subsetOf } from '../fhir/subset.js';
import { accessOrNone } from '../interactions/access.js';
import { exportFilters } from '../interactions/jobs/export-filters.js';
import type { ExportInput } from '../interactions/jobs/export-input.js';
import type { Caller, FhirServer } from '../interactions/server.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { UnreadableVersion } from '../persistence/unreadable-version.js';
import { type AccessFilter, permits, permitsUnread } from '../search/access.js';
import { match } from '../search/match.js';
import { readElements } from '../search/parse-result.js';
import type { SearchRequest } from '../search/request.js';
import type { JobLine } from './segment-files.js';
import { errorLine, unreadableLine } from './unreadable.js';

/** What an export takes of the versions it is shown. */
export interface ExportPlan {
  /** The lines of those it takes, in their order. */
  lines(versions: readonly StoredVersion[]): Promise<readonly JobLine[]>;
  /** What is to be told of those that cannot be read, and would be taken, or may be. */
  unreadableLines(versions: readonly UnreadableVersion[]): readonly JobLine[];
}

interface PlannedType {
  readonly access: AccessFilter;
  /** One of these must match; all do without. */
  readonly requests?: readonly SearchRequest[];
}

/**
 * Understands what an export is asked to do, and what its caller may see by now.
 * @throws OperationOutcomeError when what was understood at the kick-off is not any more.
 */
export async function planExport(server: FhirServer, input: ExportInput): Promise<ExportPlan> {
  const caller: Caller = { principal: input.principal, baseUrl: input.baseUrl };
  const types = new Map<string, PlannedType>();
  for (const type of Object.keys(input.access)) {
    const access = accessOrNone(server, caller, 'search', type);
    if (access === undefined) continue; // not open any more
    const queries = input.filters[type];
    const at = Date.parse(input.cut);
    types.set(type, {
      access,
      ...(queries === undefined ? {} : { requests: await exportFilters(server, caller, type, queries, at) }),
    });
  }
  const form = formOf(server, input);
  const belongs = belonging(input);
  const since = input.since === undefined ? undefined : Date.parse(input.since);

  const isNew = ({ lastUpdated }: Pick<StoredVersion, 'lastUpdated'>): boolean =>
    since === undefined || Date.parse(lastUpdated) > since;
  const isOpenAt = (version: Pick<StoredVersion, 'lastUpdated' | 'deleted'>): boolean =>
    isNew(version) && (!version.deleted || since !== undefined);
  function isOpen(version: StoredVersion): boolean {
    const planned = types.get(version.type);
    return planned !== undefined && isOpenAt(version) && permits(planned.access, version);
  }
  function isWanted(version: StoredVersion, resource: () => Resource): boolean {
    const requests = types.get(version.type)?.requests;
    // What was deleted cannot be looked at: one that was never given to the client does no harm, one not told would.
    return version.deleted || requests === undefined || requests.some((request) => match(request, resource()));
  }
  function lineOf(version: StoredVersion): JobLine | undefined {
    let parsed: Resource | undefined;
    const resource = (): Resource => (parsed ??= parseJson(version.body) as Resource);
    if (!isWanted(version, resource)) return undefined;
    const { type } = version;
    if (version.deleted) return { kind: 'deleted', type: 'Bundle', text: deletion(version) };
    const part = form === undefined ? undefined : subsetOf(server.definitions, resource(), form);
    return { kind: 'output', type, text: part === undefined ? version.body : stringifyJson(part) };
  }

  /** Whether a version is for certain none of the patients exported: a Provenance may be of theirs by what it says. */
  const isOutside = (version: Pick<StoredVersion, 'type' | 'compartments'>): boolean =>
    version.type !== 'Provenance' && belongs?.(version) === false;

  /** A version is named to who may see it for certain; that there is one, to who may be able to. */
  function unreadableLineOf(unreadable: UnreadableVersion): JobLine | undefined {
    const { envelope, resource } = unreadable;
    const planned = types.get(resource.type);
    if (planned === undefined || (envelope !== undefined && !isOpenAt(envelope))) return undefined;
    const everything = planned.access.kind === 'everything';
    const isSeen = envelope === undefined ? everything || undefined : permitsUnread(planned.access, envelope);
    if (isSeen === false || (envelope !== undefined && isOutside(envelope))) return undefined;
    return isSeen === true
      ? unreadableLine(unreadable)
      : errorLine('error', 'exception', `A ${resource.type} cannot be read, which may be among those asked for`);
  }

  return {
    unreadableLines: (versions) => versions.flatMap((each) => unreadableLineOf(each) ?? []),
    async lines(versions) {
      const open = versions.filter(isOpen);
      const inside = await insideOf(server, belongs, open);
      return open.filter((version) => inside(version)).flatMap((version) => lineOf(version) ?? []);
    },
  };
}

function formOf(server: FhirServer, { elements, access }: ExportInput): ResultForm | undefined {
  return elements === undefined
    ? undefined
    : readElements(server.definitions.structures, Object.keys(access), elements).form;
}

/** Tells whether a version is in the compartments exported; undefined where everything is exported. */
function belonging({ inside }: ExportInput): ((version: Pick<StoredVersion, 'compartments'>) => boolean) | undefined {
  if (inside === undefined) return undefined;
  const wanted = inside === 'patients' ? undefined : new Set(inside);
  return ({ compartments }) =>
    compartments.some((each) => (wanted === undefined ? each.startsWith('Patient/') : wanted.has(each)));
}

/**
 * What of some versions belongs to the patients exported: what is in their compartments, and Provenance of that.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters
 */
async function insideOf(
  server: FhirServer,
  belongs: ((version: Pick<StoredVersion, 'compartments'>) => boolean) | undefined,
  versions: readonly StoredVersion[],
): Promise<(version: StoredVersion) => boolean> {
  if (belongs === undefined) return () => true;
  const provenances = versions.filter((version) => isProvenance(version) && !belongs(version));
  if (provenances.length === 0) return belongs;
  const targets = new Map(provenances.map((version) => [keyText(version), targetsOf(version)]));
  const keys = new Map([...targets.values()].flat().map((key) => [keyText(key), key]));
  const found = await server.store.readMany([...keys.values()]);
  const ofThem = new Set(found.flatMap((version) => (version && belongs(version) ? [keyText(version)] : [])));
  return (version) =>
    belongs(version) || (targets.get(keyText(version))?.some((key) => ofThem.has(keyText(key))) ?? false);
}

const isProvenance = ({ type, deleted }: StoredVersion): boolean => type === 'Provenance' && !deleted;

function targetsOf(version: StoredVersion): ResourceKey[] {
  const { target } = parseJson(version.body) as { target?: readonly { readonly reference?: unknown }[] };
  return (target ?? []).flatMap(({ reference }) => {
    const parsed = parseReference(typeof reference === 'string' ? reference : '');
    return parsed.kind === 'relative' ? [{ type: parsed.type, id: parsed.id }] : [];
  });
}

/** A deleted resource, as clients take it up. https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status */
const deletion = (version: StoredVersion): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ request: { method: 'DELETE', url: keyText(version) } }],
  });
