import { reasonsOf } from './post.js';
import type { RequestEntry } from './request.js';

/** One thing that was not loaded. */
export interface Failure {
  readonly file: string;
  /** `entry 3`, `line 12`, `the file`. */
  readonly place: string;
  readonly type?: string;
  readonly status?: string;
  readonly reasons: readonly string[];
}

/** What happened to the resources of one type. */
interface Counts {
  created: number;
  /** Updated, deleted, read, or there already. */
  other: number;
  failed: number;
}

const mostFailures = 1000;
const mostFailuresShown = 50;
const mostReasonsShown = 5;

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a load did: counts by type, and what failed. */
export class LoadReport {
  readonly #types = new Map<string, Counts>();
  readonly #failures: Failure[] = [];
  #failureCount = 0;
  #entryCount = 0;

  /** Things that failed: entries, lines, files. */
  get failureCount(): number {
    return this.#failureCount;
  }

  /** The first thousand of what failed. */
  get failures(): readonly Failure[] {
    return this.#failures;
  }

  /** Entries the server has answered, well or not. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /** By type: `created`, `other` (updated, or there already), `failed`. */
  get counts(): ReadonlyMap<string, Readonly<Counts>> {
    return this.#types;
  }

  /** Something of a file could not be loaded; nothing else is counted for it. */
  fail(failure: Failure): void {
    this.#failureCount += 1;
    if (this.#failures.length < mostFailures) this.#failures.push(failure);
  }

  /** A whole bundle was refused: one failure, though each of its entries counts as failed. */
  refuse(failure: Failure, entries: readonly RequestEntry[]): void {
    this.fail(failure);
    for (const { type } of entries) this.#count(type, 'failed');
  }

  /** The server answered a bundle entry by entry. Returns how many failed. */
  answer(file: string, entries: readonly RequestEntry[], bundle: unknown): number {
    let failed = 0;
    const answers: unknown[] = isJson(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'] : [];
    for (const [index, entry] of entries.entries()) {
      const answer = answers[index];
      const response = isJson(answer) && isJson(answer['response']) ? answer['response'] : {};
      const status = typeof response['status'] === 'string' ? response['status'] : '';
      if (/^2\d\d\b/.test(status)) {
        this.#count(entry.type, status.startsWith('201') ? 'created' : 'other');
        continue;
      }
      failed += 1;
      this.#count(entry.type, 'failed');
      const { place, type } = entry;
      const said = reasonsOf(response['outcome']);
      const reasons = said.length > 0 ? said : [status === '' ? 'the server said nothing about it' : 'no reason given'];
      this.fail({ file, place, type, reasons, ...(status === '' ? {} : { status }) });
    }
    return failed;
  }

  #count(type: string, what: keyof Counts): void {
    const counts = this.#types.get(type) ?? { created: 0, other: 0, failed: 0 };
    counts[what] += 1;
    this.#types.set(type, counts);
    this.#entryCount += 1;
  }

  /**
   * The report as text.
   * @param milliseconds how long the load took.
   * @returns lines: a table of types, the rate, then what failed and why.
   */
  render(milliseconds: number): string {
    const number = (value: number): string => value.toLocaleString('en-US');
    const rows = [...this.#types].sort(([one], [other]) => (one < other ? -1 : 1));
    const total = { created: 0, other: 0, failed: 0 };
    for (const [, { created, other, failed }] of rows) {
      total.created += created;
      total.other += other;
      total.failed += failed;
    }
    const line = (name: string, counts: readonly string[]): string =>
      `${name.padEnd(34)}${counts.map((count) => count.padStart(14)).join('')}`;
    const figures = ({ created, other, failed }: Counts): string[] => [created, other, failed].map(number);
    const seconds = Math.max(milliseconds, 1) / 1000;
    return [
      line('', ['created', 'other', 'failed']),
      ...rows.map(([type, counts]) => line(type, figures(counts))),
      line('all', figures(total)),
      '',
      `${number(this.#entryCount)} entries in ${seconds.toFixed(1)} s: ${number(Math.round(this.#entryCount / seconds))} entries/s`,
      ...this.#failureLines(),
      '',
    ].join('\n');
  }

  /** What failed, for a person. */
  renderFailures(): string {
    return [...this.#failureLines(), ''].join('\n');
  }

  #failureLines(): string[] {
    const number = (value: number): string => value.toLocaleString('en-US');
    const shown = this.#failures.slice(0, mostFailuresShown);
    return [
      ...(this.#failureCount === 0 ? [] : ['', `Failed: ${number(this.#failureCount)}`]),
      ...shown.flatMap(({ file, place, type, status, reasons }) => [
        `${file}, ${place}${type === undefined ? '' : ` (${type})`}${status === undefined ? '' : `: ${status}`}`,
        ...reasons.slice(0, mostReasonsShown).map((reason) => `    ${reason}`),
        ...(reasons.length > mostReasonsShown ? [`    and ${number(reasons.length - mostReasonsShown)} more`] : []),
      ]),
      ...(this.#failureCount > shown.length ? [`… and ${number(this.#failureCount - shown.length)} more`] : []),
    ];
  }
}
