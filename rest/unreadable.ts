import type { Duplex } from 'node:stream';
import { outcome } from '../fhir/outcome.js';
import { fhirJson } from './answer.js';
import { securityHeaders } from './security-headers.js';

const tooLong = { line: '431 Request Header Fields Too Large', code: 'too-long' };
const tooSlow = { line: '408 Request Timeout', code: 'timeout' };
const notHttp = { line: '400 Bad Request', code: 'invalid' };

const diagnosticsOf = new Map([
  [tooLong, 'The URL and the headers are longer than this server reads; a long search goes by POST to _search'],
  [tooSlow, 'The request did not arrive in time'],
  [notHttp, 'The request is not HTTP: its line or its headers cannot be read; paths and queries are percent-encoded'],
]);

/**
 * Answers what Node could not read as a request at all, so that no application sees it, with an OperationOutcome.
 * A listener for `clientError` of an HTTP server. https://nodejs.org/api/http.html#event-clienterror
 */
export function refuseUnreadable(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW' ? tooLong : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? tooSlow : notHttp;
  const diagnostics = diagnosticsOf.get(refusal) ?? '';
  const body = JSON.stringify(outcome([{ severity: 'error', code: refusal.code, diagnostics }]));
  const headers = {
    'Content-Type': fhirJson,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
    ...securityHeaders,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${refusal.line}\r\n${lines.join('')}\r\n${body}`);
}
