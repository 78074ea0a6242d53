import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { FhirVersion } from '../../fhir/version.js';
import { readLines } from './input-file.js';
import type { PlannedFile } from './load-files.js';
import { reasonsOf, type Target } from './post.js';
import type { LoadReport } from './report.js';

/** What an import did. */
export interface Imported {
  /** Resources that are stored as the files have them. */
  readonly resources: number;
  readonly milliseconds: number;
}

/** How to have a server import files. */
export interface ImportOptions {
  readonly target: Target;
  readonly report: LoadReport;
  /** Is told how much is done, in percent. */
  readonly onProgress: (percent: string) => void;
  /** How long to wait between two questions how far it is, in milliseconds; a second without it. */
  readonly every?: number;
}

interface ManifestJson {
  readonly output: readonly { readonly count: number }[];
  readonly error: readonly { readonly url: string; readonly inputUrl?: string }[];
  readonly requiresAccessToken: boolean;
}

/**
 * Has the server read NDJSON files itself, by `$import`: they must be where it may read them (IMPORT_SOURCES).
 * @param files of one version; their resources' type is that of their first line.
 * @returns what it did; undefined when the server refuses it. What failed is in the report.
 */
export async function importFiles(
  version: FhirVersion,
  files: readonly PlannedFile[],
  { target, report, onProgress, every = 1_000 }: ImportOptions,
): Promise<Imported | undefined> {
  const inputs = (await Promise.all(files.map((file) => inputOf(file, report)))).filter((each) => each !== undefined);
  if (inputs.length === 0) return undefined;
  const begun = performance.now();
  const authorization = target.token === undefined ? {} : { authorization: `Bearer ${target.token}` };
  const refuse = async (answer: Response): Promise<undefined> => {
    const reasons = reasonsOf(JSON.parse((await answer.text()) || '{}'));
    report.fail({ file: `the import to ${version}`, place: 'all of it', status: String(answer.status), reasons });
    return undefined;
  };
  const kickOff = await fetch(`${target.base}/$import`, {
    method: 'POST',
    headers: { ...authorization, 'content-type': 'application/json', prefer: 'respond-async' },
    body: JSON.stringify({ inputFormat: 'application/fhir+ndjson', inputSource: target.base, input: inputs }),
  });
  const job = kickOff.headers.get('content-location');
  if (kickOff.status !== 202 || job === null) return refuse(kickOff);
  for (;;) {
    const status = await fetch(job, { headers: authorization });
    if (status.status === 202) {
      onProgress(status.headers.get('x-progress') ?? '');
      await wait(every);
      continue;
    }
    if (status.status !== 200) return refuse(status);
    const manifest = (await status.json()) as ManifestJson;
    for (const { url, inputUrl } of manifest.error) {
      const file = await fetch(url, manifest.requiresAccessToken ? { headers: authorization } : {});
      for (const line of (await file.text()).split('\n').filter((each) => each !== '')) {
        const [reason = '', ...others] = reasonsOf(JSON.parse(line));
        const [, place = 'the file', what = reason] = /^(Line \d+): (.*)$/s.exec(reason) ?? [];
        report.fail({ file: basename(inputUrl ?? ''), place: place.toLowerCase(), reasons: [what, ...others] });
      }
    }
    const resources = manifest.output.reduce((sum, { count }) => sum + count, 0);
    return { resources, milliseconds: performance.now() - begun };
  }
}

/** A file as an import takes it; what is none is told. */
async function inputOf(
  { file }: PlannedFile,
  report: LoadReport,
): Promise<{ readonly type: string; readonly url: string } | undefined> {
  const refuse = (reason: string): void => {
    report.fail({ file: basename(file.path), place: 'the file', reasons: [reason] });
  };
  if (file.format !== 'ndjson' || file.gzip) {
    refuse('an import takes NDJSON files that are not packed');
    return undefined;
  }
  for await (const { text } of readLines(file)) {
    const [, type] = /"resourceType"\s*:\s*"([A-Za-z]+)"/.exec(text) ?? [];
    if (type !== undefined) return { type, url: pathToFileURL(file.path).href };
    refuse('its first line is no resource');
    return undefined;
  }
  refuse('it is empty');
  return undefined;
}
