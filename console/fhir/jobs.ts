import { at, type Json, objectsOf, textAt } from './json.js';

/** A job as the list tells of it. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly state: 'running' | 'complete' | 'failed';
  readonly percent: number;
  readonly created: string;
  readonly ended?: string;
  readonly expires?: string;
  /** What began it; of others' jobs it is not told. */
  readonly request?: string;
  readonly failure?: string;
}

/** A file that a job made or read. */
export interface JobFile {
  readonly kind: 'output' | 'deleted' | 'error';
  readonly type: string;
  readonly count: number | undefined;
  /** Absent of a file that was read. */
  readonly url?: string;
  readonly source?: string;
}

/** The jobs of `_jobs`. */
export const jobsOf = (json: unknown): readonly Job[] => objectsOf(at(json, 'jobs')) as unknown as readonly Job[];

/**
 * The files of a manifest. https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status
 */
export function filesOf(manifest: unknown): readonly JobFile[] {
  const of = (kind: JobFile['kind']): readonly JobFile[] =>
    objectsOf(at(manifest, kind)).map((file) => fileOf(kind, file));
  return [...of('output'), ...of('deleted'), ...of('error')];
}

function fileOf(kind: JobFile['kind'], file: Json): JobFile {
  const [url, source, count] = [textAt(file, 'url'), textAt(file, 'inputUrl'), textAt(file, 'count')];
  return {
    kind,
    type: textAt(file, 'type') ?? '',
    count: count === undefined ? undefined : Number(count),
    ...(url === undefined ? {} : { url }),
    ...(source === undefined ? {} : { source }),
  };
}

/** What is exported. */
export interface ExportRequest {
  /** All, what is of patients, or of the members of a group. */
  readonly level: 'system' | 'patients' | 'group';
  readonly group: string;
  readonly types: readonly string[];
  /** A date or an instant; all without it. */
  readonly since: string;
  /** Criteria such as `Observation?status=final`, one a line. */
  readonly filters: string;
}

/** The path that begins an export. https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters */
export function exportPath({ level, group, types, since, filters }: ExportRequest): string {
  const place =
    level === 'system' ? '' : level === 'patients' ? 'Patient/' : `Group/${encodeURIComponent(group.trim())}/`;
  const pairs: [string, string][] = [
    ...(types.length === 0 ? [] : [['_type', types.join(',')] satisfies [string, string]]),
    ...(since === ''
      ? []
      : [['_since', since.includes('T') ? since : `${since}T00:00:00Z`] satisfies [string, string]]),
    ...filters
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line): [string, string] => ['_typeFilter', line]),
  ];
  const query = new URLSearchParams(pairs).toString();
  return `${place}$export${query === '' ? '' : `?${query}`}`;
}

/** A file to import. */
export interface ImportFile {
  readonly type: string;
  readonly url: string;
}

/** The body that begins an import. https://github.com/smart-on-fhir/bulk-import/blob/master/import.md */
export const importBody = (files: readonly ImportFile[], createsOnce: boolean): string =>
  JSON.stringify({
    inputFormat: 'application/fhir+ndjson',
    inputSource: files[0]?.url.replace(/[^/]*$/, '') ?? '',
    storageDetail: { type: storageOf(files[0]?.url ?? '') },
    input: files,
    ...(createsOnce ? { conditionalCreate: true } : {}),
  });

const storageOf = (url: string): string =>
  url.startsWith('s3:') ? 'aws-s3' : url.startsWith('file:') ? 'file' : 'https';
