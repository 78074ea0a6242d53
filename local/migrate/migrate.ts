import type { FhirDefinitions } from '../../fhir/definitions.js';
import { contentPath } from '../../interactions/binary.js';
import type { ContentStore } from '../../persistence/content-store.js';
import type { FhirWorksItem } from '../../persistence/dynamodb/fhir-works-table.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import type { FhirWorksContent } from '../../persistence/s3/fhir-works-binaries.js';
import { migratedResource, partsOf } from './fhir-works-resource.js';
import { type KeepingPlace, keepVersions, standingOf } from './keep-versions.js';
import { putContent } from './put-content.js';

/** What is read of FHIR Works on AWS. */
export interface MigrationSource {
  keys(): AsyncIterable<string>;
  versions(key: string): Promise<readonly FhirWorksItem[]>;
  /** Absent where no bucket of Binaries was named. */
  readonly content?: (version: {
    readonly tenant: string | undefined;
    readonly id: string;
    readonly vid: number;
  }) => Promise<FhirWorksContent | undefined>;
}

/** Where it goes: one FHIR version of this server. */
export interface MigrationTarget extends KeepingPlace {
  readonly definitions: FhirDefinitions;
  readonly contents?: ContentStore | undefined;
}

/** What a migration is told. */
export interface MigrationOptions {
  /** Only this tenant's resources; without it those of no tenant. */
  readonly tenant?: string | undefined;
  /** The old server's base URLs. */
  readonly bases?: readonly string[];
  /** Whether nothing is written. */
  readonly dryRun?: boolean;
}

/** What came of a migration. */
export interface MigrationReport {
  /** Resources that were written, or would be. */
  resources: number;
  /** Their versions, deletions among them. */
  versions: number;
  /** Resources whose last version is a deletion. */
  deleted: number;
  /** Resources that an earlier run brought. */
  there: number;
  /** Contents of Binaries that were copied. */
  contents: number;
  /** Resources of other tenants, left alone. */
  otherTenants: number;
  /** Resources that are not here, and why. */
  readonly failed: { readonly resource: string; readonly why: string }[];
  /** What is not as it was in resources that are here. */
  readonly notes: { readonly resource: string; readonly note: string }[];
}

/** How many resources are under way at once. */
const atOnce = 16;

/**
 * Brings all resources of FHIR Works on AWS here, with all versions under their ids and numbers. It may be ended and begun
 * again: what is there is passed over, what changed in between is added.
 * @returns what came of it; problems of single resources stand there and end nothing.
 */
export async function migrate(
  source: MigrationSource,
  target: MigrationTarget,
  options: MigrationOptions = {},
): Promise<MigrationReport> {
  const report: MigrationReport = {
    resources: 0,
    versions: 0,
    deleted: 0,
    there: 0,
    contents: 0,
    otherTenants: 0,
    failed: [],
    notes: [],
  };
  const underWay = new Set<Promise<void>>();
  for await (const key of source.keys()) {
    const work = bring(source, target, options, key, report).finally(() => underWay.delete(work));
    underWay.add(work);
    if (underWay.size >= atOnce) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  return report;
}

async function bring(
  source: MigrationSource,
  target: MigrationTarget,
  options: MigrationOptions,
  key: string,
  report: MigrationReport,
): Promise<void> {
  const { tenant, id } = partsOf(key);
  if (tenant !== options.tenant) {
    report.otherTenants += 1;
    return;
  }
  let resource = id;
  try {
    const { versions, notes } = migratedResource(target.definitions, await source.versions(key), options.bases ?? []);
    const last = versions.at(-1);
    if (last !== undefined) resource = `${last.type}/${id}`;
    for (const note of notes) report.notes.push({ resource, note });
    if (last === undefined) return;
    const kept =
      options.dryRun === true
        ? (await standingOf(target, versions)).kept
        : await keepVersions(target, versions, () => bringContents(source, target, tenant, versions, report));
    if (kept === 'in-the-way') report.failed.push({ resource, why: 'something else has its id here' });
    else if (kept === 'there') report.there += 1;
    else {
      report.resources += 1;
      report.versions += versions.length;
      if (last.deleted) report.deleted += 1;
    }
  } catch (error) {
    report.failed.push({ resource, why: error instanceof Error ? error.message : String(error) });
  }
}

async function bringContents(
  source: MigrationSource,
  { contents, tenant: owner }: MigrationTarget,
  tenant: string | undefined,
  versions: readonly StoredVersion[],
  report: MigrationReport,
): Promise<void> {
  if (source.content === undefined || contents === undefined) return;
  for (const version of versions) {
    if (version.type !== 'Binary' || version.deleted) continue;
    const content = await source.content({ tenant, id: version.id, vid: version.versionId });
    if (content === undefined) {
      const note = `the content of version ${String(version.versionId)} is not in the bucket`;
      report.notes.push({ resource: `Binary/${version.id}`, note });
      continue;
    }
    const { contentType } = JSON.parse(version.body) as { contentType?: string };
    await putContent(contents, contentPath(owner, version), contentType ?? 'application/octet-stream', content);
    report.contents += 1;
  }
}
