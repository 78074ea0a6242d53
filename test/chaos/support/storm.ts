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

/** A request as a line to be read. */
export const told = (request: Buffer): string => {
  const text = request.toString('latin1');
  const [line = ''] = text.split('\r\n', 1);
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  const headers = text.slice(line.length + 2, text.indexOf('\r\n\r\n')).replace(/Authorization: [^\r]*/, '');
  return `${line.slice(0, 300)} (${String(request.length)} bytes) ${headers.replaceAll('\r\n', ' | ').slice(0, 200)} ${body.slice(0, 300)}`;
};

/** Sends requests one after the other, so that what each does to the server is known. */
export async function storm(
  server: ServerProcess,
  requests: Iterable<Buffer>,
  wrongWith: (answer: RawAnswer) => string | undefined,
): Promise<Found> {
  const failures: string[] = [];
  const statuses: Record<string, number> = {};
  let slowest: { cpu: number; request: string }[] = [];
  let rss = 0;
  let { cpu: before } = await server.condition();
  for (const request of requests) {
    const answer = await server.send(request).catch((error: unknown) => String(error));
    if (!server.isAlive())
      throw new Error(`The server ended:\n${server.printed().slice(-3_000)}\nafter ${told(request)}`);
    const wrong = typeof answer === 'string' ? answer : wrongWith(answer);
    if (wrong !== undefined) failures.push(`${wrong} ← ${told(request)}`);
    if (typeof answer !== 'string') statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    const now = await server.condition();
    rss = Math.max(rss, now.rss);
    slowest.push({ cpu: now.cpu - before, request: told(request) });
    if (slowest.length > 100) slowest = slowest.toSorted((a, b) => b.cpu - a.cpu).slice(0, 15);
    before = now.cpu;
  }
  return { failures, statuses, slowest: slowest.toSorted((a, b) => b.cpu - a.cpu).slice(0, 15), rss };
}
