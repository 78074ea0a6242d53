import { stringifyJson } from '../fhir/json.js';
import { outcome } from '../fhir/outcome.js';
import { keyText } from '../fhir/resource.js';
import { defaultTenant, tenantOf } from '../persistence/keys.js';
import type { UnreadableVersion } from '../persistence/unreadable-version.js';
import type { JobLine } from './segment-files.js';

/** A line of a file of errors, which says what went wrong. */
export const errorLine = (severity: 'error' | 'warning', code: string, diagnostics: string): JobLine => ({
  kind: 'error',
  type: 'OperationOutcome',
  text: stringifyJson(outcome([{ severity, code, diagnostics }])),
});

/** The line that names a resource which cannot be read, to who may know that it is there. */
export function unreadableLine(unreadable: UnreadableVersion): JobLine {
  const { key, envelope, resource } = unreadable;
  const tenant = tenantOf(key.pk);
  const whose = tenant === defaultTenant ? '' : ` of the tenant ${tenant}`;
  const version = envelope === undefined ? 'The current version' : `Version ${String(envelope.versionId)}`;
  return errorLine('error', 'exception', `${version} of ${keyText(resource)}${whose} cannot be read: it was lost`);
}
