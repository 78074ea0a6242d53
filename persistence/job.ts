import { unavailable } from '../fhir/outcome.js';
import type { Tenant } from '../fhir/tenant.js';
import { defaultTenant, jobPartition, jobPlacesPartition, jobsPartition } from './keys.js';
import type { AttributeValue, Condition, Item, ItemKey, Table, WriteAction } from './table.js';
import { tenantItem } from './tenants.js';

/*
 * What is kept of a job, so that it goes on after its process was killed, and whoever asks learns how far it is:
 *
 * | Item    | Partition key     | Sort key           | Holds                                                             |
 * | ------- | ----------------- | ------------------ | ----------------------------------------------------------------- |
 * | job     | `tenant#jobs`     | the job's id       | the columns of `Job`                                              |
 * | places  | `tenant#job-places` | `places`         | `jobs`, those that were under way when the last one began; `revision` |
 * | input   | `tenant#job#<id>` | `input-0000`, …    | `text`, a part of the JSON of what it was asked to do             |
 * | segment | the same          | `segment-0000`, …  | `progress` (JSON), `done`, what it looked at; `owner`, `until`     |
 * | file    | the same          | `file-0000-000000` | the columns of `JobFile`; it counts when its segment has so many  |
 */

/** What a job does. */
export type JobKind = 'export' | 'import' | 'reindex';

/** A job: work that goes on after its request was answered. */
export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: 'running' | 'complete' | 'failed';
  /** Who began it: the `sub` and the client of the token. */
  readonly subject: string;
  readonly client: string;
  /** The URL of the request that began it. */
  readonly request: string;
  readonly segments: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** About how much there is to look at; absent where nobody knows. */
  readonly total?: number;
  /** When it ended, and when what is kept of it goes. */
  readonly ended?: number;
  readonly expires?: number;
  /** What went wrong, for who began it; of a failed one. */
  readonly failure?: string;
}

/** A part of a job that one worker does at a time. */
export interface JobSegment {
  readonly segment: number;
  /** How far it is, as the kind of job writes it. */
  readonly progress: unknown;
  readonly done: boolean;
  /** How much it looked at. */
  readonly seen: number;
  /** How many files it has written. */
  readonly files: number;
  /** How often it failed since it last came further. */
  readonly failures: number;
  /** How many workers began the step that follows, and never said what became of it. */
  readonly starts: number;
  /** Who does it, and until when nobody else may, in milliseconds since 1970. */
  readonly owner: string;
  readonly until: number;
}

/** A file a job has written. */
export interface JobFile {
  readonly name: string;
  readonly kind: 'output' | 'deleted' | 'error';
  /** The type of the resources in it. */
  readonly type: string;
  /** How many. */
  readonly count: number;
  /** What it was made of, such as the URL that was imported; absent where that is the store. */
  readonly source?: string;
}

/** The jobs of a tenant. */
export interface JobItems {
  /**
   * Keeps a new job: it is there when all of it is.
   * @param admit is told which jobs run as this one begins, in the same write, and throws what keeps it from beginning.
   * @throws what `admit` throws; OperationOutcomeError 503 when too many begin at the same time.
   */
  begin(
    job: Job,
    input: unknown,
    progress: readonly unknown[],
    admit?: (running: readonly Job[]) => void,
  ): Promise<void>;
  read(id: string): Promise<Job | undefined>;
  list(): Promise<readonly Job[]>;
  /** What the job was asked to do; undefined when it is not there any more. */
  input(id: string): Promise<unknown>;
  segments(id: string): Promise<readonly JobSegment[]>;
  files(id: string): Promise<readonly JobFile[]>;
  /** Takes a segment, when it is as it was read. */
  claim(id: string, before: JobSegment, next: JobSegment): Promise<boolean>;
  /**
   * Says how far a segment is.
   * @param files the last ones of its files, new ones.
   * @returns false when somebody else has it, or it is gone.
   */
  save(id: string, next: JobSegment, files?: readonly JobFile[]): Promise<boolean>;
  /** Ends a job that runs. False when it does not any more. */
  end(job: Job): Promise<boolean>;
  /** Ends a job, whether it runs or not. */
  close(job: Job): Promise<void>;
  /** Removes a job and all that is kept of it. */
  remove(id: string): Promise<void>;
}

/** So many characters of the input stand in one item, far below 400 KB. */
const partOfInput = 60_000;
/** Items of one job that are read or written together. */
const itemsAtOnce = 90;
const mostItems = 1_000_000;
/** So often a job is begun anew when others begin at the same time. */
const mostTries = 30;

const untouched = { done: false, seen: 0, files: 0, failures: 0, starts: 0, owner: '', until: 0 };

/** The jobs of a tenant on its table. */
export function jobItems(table: Pick<Table, 'get' | 'query' | 'write'>, tenant: Tenant): JobItems {
  const jobKey = (id: string): ItemKey => ({ pk: jobsPartition(tenant), sk: id });
  const placesKey: ItemKey = { pk: jobPlacesPartition(tenant), sk: 'places' };
  const ofJob = (id: string, prefix: string): Promise<readonly Item[]> =>
    table.query({ pk: jobPartition(tenant, id), from: prefix, to: `${prefix}~`, limit: mostItems });
  const segmentItem = (id: string, { segment, progress, ...columns }: JobSegment): Item => ({
    pk: jobPartition(tenant, id),
    sk: `segment-${numbered(segment)}`,
    segment,
    progress: JSON.stringify(progress),
    ...columns,
  });
  const fileItem = (id: string, segment: number, number: number, file: JobFile): Item => ({
    pk: jobPartition(tenant, id),
    sk: `file-${numbered(segment)}-${String(number).padStart(6, '0')}`,
    segment,
    number,
    ...file,
  });

  /** Those of the jobs in the places that still run: one that has ended leaves its place to who begins the next. */
  async function runningNow(): Promise<{ readonly jobs: readonly Job[]; readonly revision?: number }> {
    const item = await table.get(placesKey);
    if (item === undefined) return { jobs: [] };
    const found = await Promise.all((item['jobs'] as readonly string[]).map((id) => table.get(jobKey(id))));
    const jobs = found.flatMap((each) => (each === undefined ? [] : [jobOf(each)]));
    return { jobs: jobs.filter(({ state }) => state === 'running'), revision: count(item['revision']) };
  }
  async function keepParts({ id }: Job, input: unknown, progress: readonly unknown[]): Promise<void> {
    const pk = jobPartition(tenant, id);
    const text = JSON.stringify(input);
    const items: Item[] = progress.map((each, segment) => segmentItem(id, { segment, progress: each, ...untouched }));
    for (let at = 0; at < text.length; at += partOfInput) {
      items.push({ pk, sk: `input-${numbered(at / partOfInput)}`, text: text.slice(at, at + partOfInput) });
    }
    for (let at = 0; at < items.length; at += itemsAtOnce) {
      await table.write(items.slice(at, at + itemsAtOnce).map((item): WriteAction => ({ kind: 'put', item })));
    }
  }
  async function removeParts(id: string): Promise<void> {
    const pk = jobPartition(tenant, id);
    for (let left = await table.query({ pk, limit: itemsAtOnce }); left.length > 0;) {
      await table.write(left.map(({ sk }): WriteAction => ({ kind: 'remove', key: { pk, sk } })));
      left = await table.query({ pk, limit: itemsAtOnce });
    }
  }

  return {
    async begin(job, input, progress, admit = () => undefined) {
      const first = await runningNow();
      admit(first.jobs); // before anything is written
      await keepParts(job, input, progress);
      if (tenant !== defaultTenant) await table.write([{ kind: 'put', item: tenantItem(tenant) }]);
      let now = first;
      for (let tries = 0; tries < mostTries; tries += 1) {
        const ids = [...now.jobs.map(({ id }) => id), job.id];
        const places: Item = { ...placesKey, jobs: ids, revision: (now.revision ?? 0) + 1 };
        const condition: Condition =
          now.revision === undefined ? { kind: 'absent' } : { kind: 'equals', attributes: { revision: now.revision } };
        const { written } = await table.write([
          { kind: 'put', item: { ...jobKey(job.id), ...job }, condition: { kind: 'absent' } },
          { kind: 'put', item: places, condition },
        ]);
        if (written) return;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * (tries + 1)));
        now = await runningNow();
        try {
          admit(now.jobs);
        } catch (error) {
          await removeParts(job.id);
          throw error;
        }
      }
      await removeParts(job.id);
      throw unavailable('Too many jobs begin at the same time. Try again');
    },
    async read(id) {
      const item = await table.get(jobKey(id));
      return item === undefined ? undefined : jobOf(item);
    },
    async list() {
      return (await table.query({ pk: jobsPartition(tenant), limit: mostItems })).map(jobOf);
    },
    async input(id) {
      const parts = await ofJob(id, 'input-');
      return parts.length === 0 ? undefined : (JSON.parse(parts.map((part) => text(part['text'])).join('')) as unknown);
    },
    async segments(id) {
      return (await ofJob(id, 'segment-')).map(segmentOf);
    },
    async files(id) {
      const kept = new Map((await ofJob(id, 'segment-')).map((item) => [item['segment'], count(item['files'])]));
      const items = await ofJob(id, 'file-');
      return items.filter((item) => count(item['number']) < (kept.get(item['segment']) ?? 0)).map(fileOf);
    },
    async claim(id, { owner, until }, next) {
      const condition = { kind: 'equals', attributes: { owner, until } } as const;
      return (await table.write([{ kind: 'put', item: segmentItem(id, next), condition }])).written;
    },
    async save(id, next, files = []) {
      const condition = { kind: 'equals', attributes: { owner: next.owner } } as const;
      const first = next.files - files.length;
      const entries = files.map((file, at): WriteAction => {
        return { kind: 'put', item: fileItem(id, next.segment, first + at, file) };
      });
      // None of them counts before the segment says so.
      for (; entries.length > itemsAtOnce; entries.splice(0, itemsAtOnce))
        await table.write(entries.slice(0, itemsAtOnce));
      return (await table.write([{ kind: 'put', item: segmentItem(id, next), condition }, ...entries])).written;
    },
    async end(job) {
      const condition = { kind: 'equals', attributes: { state: 'running' } } as const;
      return (await table.write([{ kind: 'put', item: { ...jobKey(job.id), ...job }, condition }])).written;
    },
    async close(job) {
      await table.write([
        { kind: 'put', item: { ...jobKey(job.id), ...job }, condition: { kind: 'equals', attributes: {} } },
      ]);
    },
    async remove(id) {
      // The job first: whoever finds it gone has nothing to go on with.
      await table.write([{ kind: 'remove', key: jobKey(id) }]);
      await removeParts(id);
    },
  };
}

const numbered = (number: number): string => String(number).padStart(4, '0');

const kinds: readonly string[] = ['export', 'import', 'reindex'] satisfies JobKind[];
const states: readonly string[] = ['running', 'complete', 'failed'] satisfies Job['state'][];
const fileKinds: readonly string[] = ['output', 'deleted', 'error'] satisfies JobFile['kind'][];

/** The job that an item holds. */
export function jobOf(item: Item): Job {
  const { total, ended, expires, failure } = item;
  return {
    id: item.sk,
    kind: oneOf(kinds, item['kind']) as JobKind,
    state: oneOf(states, item['state']) as Job['state'],
    subject: text(item['subject']),
    client: text(item['client']),
    request: text(item['request']),
    segments: count(item['segments']),
    created: count(item['created']),
    ...(typeof total === 'number' ? { total } : {}),
    ...(typeof ended === 'number' ? { ended } : {}),
    ...(typeof expires === 'number' ? { expires } : {}),
    ...(typeof failure === 'string' ? { failure } : {}),
  };
}

const segmentOf = (item: Item): JobSegment => ({
  segment: count(item['segment']),
  progress: JSON.parse(text(item['progress'])) as unknown,
  done: item['done'] === true,
  seen: count(item['seen']),
  files: count(item['files']),
  failures: count(item['failures']),
  starts: count(item['starts'] ?? 0), // older jobs do not tell
  owner: text(item['owner']),
  until: count(item['until']),
});

const fileOf = (item: Item): JobFile => ({
  name: text(item['name']),
  kind: oneOf(fileKinds, item['kind']) as JobFile['kind'],
  type: text(item['type']),
  count: count(item['count']),
  ...(typeof item['source'] === 'string' ? { source: item['source'] } : {}),
});

function oneOf(words: readonly string[], value: AttributeValue | undefined): string {
  const word = text(value);
  if (!words.includes(word)) throw new Error(`The item of a job has the word ${word}`);
  return word;
}

function text(value: AttributeValue | undefined): string {
  if (typeof value !== 'string') throw new Error('The item of a job lacks a text');
  return value;
}

function count(value: AttributeValue | undefined): number {
  if (typeof value !== 'number') throw new Error('The item of a job lacks a number');
  return value;
}
