import { createServer, type IncomingHttpHeaders } from 'node:http';

/** A request that a receiver of notifications got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A subscriber's endpoint on this machine. */
export interface Receiver {
  readonly url: string;
  /** What it got, in its order. */
  readonly received: Received[];
  /** How it answers; 200 unless set. */
  answer: (request: Received) => number | { readonly status: number; readonly location: string };
  close(): Promise<void>;
}

/** Starts a receiver on a free port. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const got = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      received.push(got);
      const answer = receiver.answer(got);
      if (typeof answer === 'number') response.writeHead(answer).end();
      else response.writeHead(answer.status, { location: answer.location }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const receiver: Receiver = {
    url: `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`,
    received,
    answer: () => 200,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/** Waits until something is so; the test's own timeout ends it. @param look gives undefined or false until then. */
export async function until<Seen>(
  look: () => Promise<Seen | undefined | false> | Seen | undefined | false,
): Promise<Seen> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
