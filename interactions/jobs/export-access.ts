import { authorize } from '../access.js';
import type { Caller, FhirServer } from '../server.js';

/**
 * What of a type is open to a caller's searches, or updates, as text that can be compared. Of Binaries also whether those with a
 * security context are open: the authorization component alone does not say so (interactions/security-context.ts).
 * @throws OperationOutcomeError 403 when nothing is.
 */
export function accessText(
  server: FhirServer,
  caller: Caller,
  type: string,
  interaction: 'search' | 'update' = 'search',
): string {
  const access = server.authorizer.authorize(caller.principal, interaction, type);
  const isWhole = type !== 'Binary' || authorize(server, caller, interaction, type).kind === 'everything';
  return JSON.stringify(isWhole ? access : { ...access, contexts: false });
}

/** The text of access to all of a type. */
export const everything = JSON.stringify({ kind: 'everything' });
