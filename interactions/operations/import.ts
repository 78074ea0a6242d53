import { invalidRequest, notImplemented, notSupported } from '../../fhir/outcome.js';
import type { ImportFile, ImportInput } from '../jobs/import-input.js';
import { authorize } from '../access.js';
import { clip, requireResourceType } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { inputFlag, inputText, type OperationInput, requireInput } from './input.js';
import type { Invocation, Operation, OperationAnswer } from './operation.js';

const formats = ['application/fhir+ndjson', 'application/ndjson', 'ndjson'];
const storages = ['https', 'file', 'aws-s3'];
/** So many files one import takes. */
const mostFiles = 1_000;

/** `$import`: stores the resources of files, as a job. https://github.com/smart-on-fhir/bulk-import/blob/master/import.md */
export const bulkImport: Operation = {
  name: 'import',
  definition: 'urn:fhir-on-appsync:operation:import',
  levels: ['system'],
  types: [],
  affectsState: true,
  asynchronous: 'always',
  needs: 'update',
  parameters: [
    { name: 'inputFormat', type: 'string' },
    { name: 'inputSource', type: 'uri' },
    { name: 'storageDetail', type: 'part' },
    { name: 'input', type: 'part', repeats: true },
    { name: 'conditionalCreate', type: 'boolean' },
  ],
  isServed: (server) => server.jobs?.imports !== undefined,
  parametersOfBody,
  run: begin,
};

/** One part of a parameter: a name and a value of some type. */
type Part = Readonly<Record<string, unknown>>;

async function begin(server: FhirServer, caller: Caller, { input, kickOff }: Invocation): Promise<OperationAnswer> {
  const { jobs } = server;
  if (jobs?.imports === undefined)
    throw notImplemented('$import is not supported here: IMPORT_SOURCES names no source');
  if (kickOff === undefined) throw notSupported('$import is asked for by itself, with Prefer: respond-async');
  const format = requireInput(inputText(input, 'inputFormat'), 'inputFormat');
  if (!formats.includes(format)) {
    throw notSupported(`inputFormat is "${clip(format)}"; imports are ${formats.join(', ')}`, 'inputFormat');
  }
  requireStorage(input);
  const files = filesOf(server, caller, jobs.imports, input);
  const asked: ImportInput = {
    principal: caller.principal,
    baseUrl: caller.baseUrl,
    inputSource: requireInput(inputText(input, 'inputSource'), 'inputSource'),
    files,
    conditionalCreate: inputFlag(input, 'conditionalCreate') ?? false,
  };
  const { principal } = caller;
  const { request } = kickOff;
  const id = await jobs.begin({ kind: 'import', principal, request, input: asked, segments: files.length });
  return { kind: 'job', id };
}

/** The text of a part, whatever type it is written as. */
function partText(value: unknown, name: string): string | undefined {
  const part = (value as readonly Part[]).find((each) => each['name'] === name);
  const [, text] = Object.entries(part ?? {}).find(([member]) => member.startsWith('value')) ?? [];
  return typeof text === 'string' ? text : undefined;
}

function requireStorage(input: OperationInput): void {
  const [detail] = input.get('storageDetail') ?? [];
  if (detail === undefined) return;
  const { value, place } = detail;
  const type = partText(value, 'type');
  if (type === undefined || !storages.includes(type)) {
    throw notSupported(`storageDetail has type ${storages.join(', ')}, not "${clip(type ?? '')}"`, place);
  }
  const other = (value as readonly Part[]).find((part) => part['name'] !== 'type');
  if (other !== undefined) throw notSupported(`storageDetail.${clip(String(other['name']))} is not supported`, place);
}

function filesOf(
  server: FhirServer,
  caller: Caller,
  isSource: (url: string) => boolean,
  input: OperationInput,
): readonly ImportFile[] {
  const files = (input.get('input') ?? []).map(({ value, place }): ImportFile => {
    const type = partText(value, 'type') ?? '';
    const url = partText(value, 'url') ?? '';
    requireResourceType(server, type);
    authorize(server, caller, 'update', type);
    if (!URL.canParse(url)) throw invalidRequest(`input has a url, not "${clip(url)}"`, place);
    const { href } = new URL(url);
    if (!isSource(href)) throw invalidRequest(`${clip(href)} is below no source of imports (IMPORT_SOURCES)`, place);
    return { type, url: href };
  });
  if (files.length === 0)
    throw invalidRequest('The parameter input is needed: the type and the url of a file', 'input');
  if (files.length > mostFiles) throw invalidRequest(`An import takes ${String(mostFiles)} files at most`, 'input');
  return files;
}

/** The proposal's body is no Parameters resource but JSON of the same members. */
function parametersOfBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || 'resourceType' in body) return body;
  const parts = (value: unknown): readonly object[] =>
    Object.entries((value ?? {}) as Record<string, unknown>).map(([name, each]) => ({ name, valueString: each }));
  const parameter = Object.entries(body as Record<string, unknown>).flatMap(([name, value]): object[] => {
    if (name === 'input') return Array.isArray(value) ? value.map((each) => ({ name, part: parts(each) })) : [];
    if (name === 'storageDetail') return [{ name, part: parts(value) }];
    return [{ name, ...(typeof value === 'boolean' ? { valueBoolean: value } : { valueString: value }) }];
  });
  return { resourceType: 'Parameters', parameter };
}
