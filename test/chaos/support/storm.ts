import type { RawAnswer, ServerProcess } from './server-process.js';

/** What a storm of requests found. */
export interface Found {
  /** Requests that were not answered as any request must be, and how they were. */
  readonly failures: readonly string[];
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What held the server up the longest, in milliseconds of its processor time. */
  readonly slowest: readonly { readonly cpu: number; readonly request: string }[];
  /** The greatest memory, in bytes. */
  readonly rss: number;
}

/** A request, and what came of it. */
export interface Attempt {
  /** As a line to be read. */
  readonly told: string;
  /** Makes it. @returns the kind of its answer, which is counted, and what is wrong with it. */
  run(server: ServerProcess): Promise<{ readonly kind: string; readonly wrong?: string | undefined }>;
}

/** What no request may be answered with: nothing, or that the server failed. */
export const wrongWith = ({ status, body }: RawAnswer): string | undefined =>
  status === 0 || (status >= 500 && status !== 501) ? `${String(status)} ${body.toString().slice(0, 300)}` : undefined;

/** Bytes that are sent as they are. */
export const rawAttempt = (request: Buffer): Attempt => ({
  get told() {
    return toldOf(request);
  },
  async run(server) {
    const answer = await server.send(request);
    return { kind: String(answer.status), wrong: wrongWith(answer) };
  },
});

function toldOf(request: Buffer): string {
  const text = request.toString('latin1');
  const [line = ''] = text.split('\r\n', 1);
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  const headers = text.slice(line.length + 2, text.indexOf('\r\n\r\n')).replace(/Authorization: [^\r]*/, '');
  return `${line.slice(0, 300)} (${String(request.length)} bytes) ${headers.replaceAll('\r\n', ' | ').slice(0, 200)} ${body.slice(0, 300)}`;
}

/** Makes attempts one after the other, so that what each does to the server is known. */
export async function storm(server: ServerProcess, attempts: Iterable<Attempt>): Promise<Found> {
  const failures: string[] = [];
  const statuses: Record<string, number> = {};
  let slowest: { cpu: number; request: string }[] = [];
  let rss = 0;
  let { cpu: before } = await server.condition();
  for (const attempt of attempts) {
    const { kind, wrong } = await attempt
      .run(server)
      .catch((error: unknown) => ({ kind: 'none', wrong: String(error) }));
    if (!server.isAlive())
      throw new Error(`The server ended:\n${server.printed().slice(-3_000)}\nafter ${attempt.told}`);
    if (wrong !== undefined) failures.push(`${wrong} ← ${attempt.told}`);
    statuses[kind] = (statuses[kind] ?? 0) + 1;
    const now = await server.condition();
    rss = Math.max(rss, now.rss);
    slowest.push({ cpu: now.cpu - before, request: attempt.told });
    if (slowest.length > 100) slowest = slowest.toSorted((a, b) => b.cpu - a.cpu).slice(0, 15);
    before = now.cpu;
  }
  return { failures, statuses, slowest: slowest.toSorted((a, b) => b.cpu - a.cpu).slice(0, 15), rss };
}
