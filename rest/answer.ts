import type { Readable } from 'node:stream';
import type { ResourceKey } from '../fhir/resource.js';
import type { AuditTarget } from '../interactions/audit-event.js';

/** An HTTP response as a plain value; `send` turns it into bytes. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; absent for an answer without a body. */
  readonly body?: string;
  /** A body that is too large for one piece, in place of `body`. */
  readonly stream?: Readable;
  /** Content that is no JSON, sent as it is. */
  readonly bytes?: Buffer;
  /** What of which types it gives, for the audit trail, where the request does not say. */
  readonly given?: readonly AuditTarget[];
  /** What was written besides what Location names, for the audit trail. */
  readonly besides?: readonly ResourceKey[];
  /** What was deleted, for the audit trail: no header tells it. */
  readonly deleted?: readonly ResourceKey[];
}

/** The media type of every body. https://hl7.org/fhir/R4/http.html#mime-type */
export const fhirJson = 'application/fhir+json; charset=utf-8';

/** An answer with a JSON body. */
export const jsonAnswer = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): RestAnswer => ({
  status,
  headers: { 'Content-Type': fhirJson, ...headers },
  body,
});
