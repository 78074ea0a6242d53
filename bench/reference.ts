import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/**
 * A bare node:http server that answers a fixed 1.5 KB text: the machine's own speed in the same run,
 * so that a figure can be told as a ratio to it.
 */
export async function startReference(): Promise<{ server: Server; baseUrl: string }> {
  const text = JSON.stringify({ resourceType: 'Basic', text: 'x'.repeat(1500) });
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/fhir+json' }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, baseUrl: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}
