import { invalidRequest, notImplemented, notSupported, OperationOutcomeError } from '../../fhir/outcome.js';
import { parseReference } from '../../fhir/reference.js';
import { keyText, type ResourceKey } from '../../fhir/resource.js';
import { readElements } from '../../search/parse-result.js';
import { accessOrNone, authorize } from '../access.js';
import { accessText } from '../jobs/export-access.js';
import { exportFilters, readTypeFilters } from '../jobs/export-filters.js';
import type { ExportInput } from '../jobs/export-input.js';
import { groupPatients } from '../jobs/group-patients.js';
import { clip } from '../resource-type.js';
import { readMany } from '../read.js';
import type { Caller, FhirServer } from '../server.js';
import { inputText, inputTexts, type OperationInput } from './input.js';
import type { Invocation, Operation, OperationAnswer, OperationParameter } from './operation.js';

const formats = ['application/fhir+ndjson', 'application/ndjson', 'ndjson'];

const parameters: readonly OperationParameter[] = [
  { name: '_outputFormat', type: 'string' },
  { name: '_since', type: 'instant' },
  { name: '_type', type: 'string', repeats: true },
  { name: '_elements', type: 'string', repeats: true },
  { name: '_typeFilter', type: 'string', repeats: true },
  { name: 'includeAssociatedData', type: 'string', repeats: true },
];
const withPatients: readonly OperationParameter[] = [
  ...parameters,
  { name: 'patient', type: 'Reference', repeats: true },
];

/** `$export`: writes resources into files, as a job. https://hl7.org/fhir/uv/bulkdata/STU2/export.html */
const exportAt = (definition: string, where: Pick<Operation, 'levels' | 'types' | 'parameters'>): Operation => ({
  name: 'export',
  definition: `http://hl7.org/fhir/uv/bulkdata/OperationDefinition/${definition}`,
  ...where,
  affectsState: false,
  asynchronous: 'always',
  needs: 'search',
  isServed: (server) => server.jobs !== undefined,
  run: begin,
});

/** `$export` of everything the caller may see. */
export const systemExport = exportAt('export', { levels: ['system'], types: [], parameters });

/** `Patient/$export`: what is in patients' compartments. */
export const patientExport = exportAt('patient-export', {
  levels: ['type'],
  types: ['Patient'],
  parameters: withPatients,
});

/** `Group/[id]/$export`: what is in the compartments of a group's members. */
export const groupExport = exportAt('group-export', {
  levels: ['instance'],
  types: ['Group'],
  parameters: withPatients,
});

async function begin(
  server: FhirServer,
  caller: Caller,
  { target, input, kickOff }: Invocation,
): Promise<OperationAnswer> {
  const { jobs } = server;
  if (jobs === undefined) throw notImplemented('$export is not supported on these engines');
  if (kickOff === undefined) throw notSupported('$export is asked for by itself, with Prefer: respond-async');
  const warnings: string[] = [];
  /** What cannot be done is refused, or, where the client asks for lenience, left out and told. */
  const leaveOut = (refusal: OperationOutcomeError): void => {
    if (kickOff.handling !== 'lenient') throw refusal;
    warnings.push(refusal.message);
  };
  requireFormat(input);
  for (const value of inputTexts(input, 'includeAssociatedData')) {
    leaveOut(
      notSupported(
        `includeAssociatedData ${clip(value)} is not supported: Provenance is exported with what it is about`,
        'includeAssociatedData',
      ),
    );
  }
  const inside = target.level === 'system' ? undefined : await patientsOf(server, caller, { target, input }, leaveOut);
  const types = typesOf(server, caller, { input, ofPatients: target.level !== 'system' }, leaveOut);
  const filters = await filtersOf(server, caller, { input, types }, leaveOut);
  const elements = elementsOf(server, { input, types }, leaveOut);
  const since = inputText(input, '_since');
  const access = types.map((type) => [type, accessText(server, caller, type)] as const);
  const cut = await server.store.settled();
  const asked: ExportInput = {
    principal: caller.principal,
    baseUrl: caller.baseUrl,
    cut,
    ...(since === undefined ? {} : { since }),
    access: Object.fromEntries(access),
    ...(inside === undefined ? {} : { inside }),
    filters,
    ...(elements === undefined ? {} : { elements }),
    warnings,
  };
  const { principal } = caller;
  const id = await jobs.begin({ kind: 'export', principal, request: kickOff.request, input: asked });
  return { kind: 'job', id };
}

function requireFormat(input: OperationInput): void {
  // A + in a query is a space: `application/fhir+ndjson` written without %2B.
  const format = inputText(input, '_outputFormat')?.trim().replace(' ', '+');
  if (format !== undefined && !formats.includes(format)) {
    throw notSupported(`_outputFormat is "${clip(format)}"; exports are ${formats.join(', ')}`, '_outputFormat');
  }
}

const listed = (input: OperationInput, name: string): string[] =>
  inputTexts(input, name)
    .flatMap((value) => value.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** The types exported: those asked for, all of which must be open, or those that are. */
function typesOf(
  server: FhirServer,
  caller: Caller,
  { input, ofPatients }: { readonly input: OperationInput; readonly ofPatients: boolean },
  leaveOut: (refusal: OperationOutcomeError) => void,
): readonly string[] {
  const { compartments, resourceTypes, structures } = server.definitions;
  const isInside = (type: string): boolean =>
    !ofPatients || type === 'Patient' || type === 'Provenance' || compartments.parameters('Patient', type).length > 0;
  const possible = resourceTypes.filter(isInside);
  const named = [...new Set(listed(input, '_type'))];
  if (named.length === 0) {
    const open = possible.filter((type) => accessOrNone(server, caller, 'search', type) !== undefined);
    if (open.length === 0) authorize(server, caller, 'search', 'Patient');
    return open;
  }
  const wanted = named.filter((type) => {
    if (possible.includes(type)) return true;
    const why = structures.isResourceType(type)
      ? `${type}, which is in no Patient compartment`
      : `"${clip(type)}", which is no resource type`;
    leaveOut(invalidRequest(`_type names ${why}`, '_type'));
    return false;
  });
  if (wanted.length === 0) throw invalidRequest('_type names nothing that can be exported here', '_type');
  for (const type of wanted) authorize(server, caller, 'search', type);
  return wanted;
}

/** By type the queries of `_typeFilter`, all of which can be understood. */
async function filtersOf(
  server: FhirServer,
  caller: Caller,
  { input, types }: { readonly input: OperationInput; readonly types: readonly string[] },
  leaveOut: (refusal: OperationOutcomeError) => void,
): Promise<Record<string, readonly string[]>> {
  const understood: Record<string, readonly string[]> = {};
  for (const [type, queries] of Object.entries(readTypeFilters(server, inputTexts(input, '_typeFilter')))) {
    try {
      if (!types.includes(type))
        throw invalidRequest(`_typeFilter names ${type}, which is not exported`, '_typeFilter');
      await exportFilters(server, caller, type, queries, server.now());
      understood[type] = queries;
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      leaveOut(error);
    }
  }
  return understood;
}

function elementsOf(
  server: FhirServer,
  { input, types }: { readonly input: OperationInput; readonly types: readonly string[] },
  leaveOut: (refusal: OperationOutcomeError) => void,
): string | undefined {
  const text = listed(input, '_elements').join(',');
  if (text === '') return undefined;
  const { unknown } = readElements(server.definitions.structures, types, text);
  if (unknown.length > 0) {
    leaveOut(invalidRequest(`_elements names what is not exported: ${clip(unknown.join(', '))}`, '_elements'));
  }
  return text;
}

/** Whose compartments are exported: all patients', those of the group, of these the ones asked for. */
async function patientsOf(
  server: FhirServer,
  caller: Caller,
  { target, input }: Pick<Invocation, 'target' | 'input'>,
  leaveOut: (refusal: OperationOutcomeError) => void,
): Promise<'patients' | readonly string[]> {
  const members = target.level === 'instance' ? await groupPatients(server, caller, target) : undefined;
  const references = input.get('patient');
  if (references === undefined) return members ?? 'patients';
  const keys = references.map(({ place, value }) => {
    const { reference } = value as { readonly reference?: unknown };
    const key = patientKey(caller, reference);
    if (key === undefined) throw invalidRequest('patient must be a reference such as "Patient/1"', place);
    return { key, place };
  });
  const found = await readMany(
    server,
    caller,
    keys.map(({ key }) => key),
  );
  return keys.flatMap(({ key, place }, at) => {
    const name = keyText(key);
    if (found[at] !== undefined && members?.includes(name) !== false) return [name];
    const where = members === undefined ? 'here' : 'in the group';
    leaveOut(invalidRequest(`There is no ${name} ${where}`, place));
    return [];
  });
}

function patientKey({ baseUrl }: Caller, reference: unknown): ResourceKey | undefined {
  const parsed = parseReference(typeof reference === 'string' ? reference : '');
  const isOurs = parsed.kind === 'relative' || (parsed.kind === 'absolute' && parsed.base === baseUrl);
  return isOurs && parsed.type === 'Patient' ? { type: parsed.type, id: parsed.id } : undefined;
}
