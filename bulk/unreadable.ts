import { stringifyJson } from '../fhir/json.js';
import { outcome } from '../fhir/outcome.js';
import { keyText } from '../fhir/resource.js';
import { defaultTenant, tenantOf } from '../persistence/keys.js';
import type { JobFile } from '../persistence/job.js';
import type { UnreadableVersion } from '../persistence/unreadable-version.js';

/** A line of a file of errors: an OperationOutcome. */
export interface ErrorLine {
  readonly kind: Extract<JobFile['kind'], 'error'>;
  readonly type: 'OperationOutcome';
  readonly text: string;
}

/** A line that says what went wrong. */
export const errorLine = (severity: 'error' | 'warning', code: string, diagnostics: string): ErrorLine => ({
  kind: 'error',
  type: 'OperationOutcome',
  text: stringifyJson(outcome([{ severity, code, diagnostics }])),
});

/** The line that names a resource which cannot be read, to who may know that it is there. */
export function unreadableLine(unreadable: UnreadableVersion): ErrorLine {
  const { key, envelope, resource } = unreadable;
  const tenant = tenantOf(key.pk);
  const whose = tenant === defaultTenant ? '' : ` of the tenant ${tenant}`;
  const version = envelope === undefined ? 'The current version' : `Version ${String(envelope.versionId)}`;
  return errorLine('error', 'exception', `${version} of ${keyText(resource)}${whose} cannot be read: it was lost`);
}
