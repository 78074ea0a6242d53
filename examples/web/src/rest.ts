import type { PatchStep } from './patient-patch';

/** Somebody else changed the resource since it was read. */
export class Conflict extends Error {
  constructor() {
    super('Somebody else has changed this patient meanwhile. Load it again, then make your change.');
  }
}

interface Outcome {
  readonly issue?: readonly { readonly diagnostics?: string }[];
}

/**
 * Patches a patient, if it is still in the version that was read.
 * @param base REST's, no slash at the end.
 * @throws Conflict, or Error with the server's words.
 */
export async function patchPatient(
  base: string,
  token: string,
  { id, versionId }: { readonly id: string; readonly versionId: string },
  steps: readonly PatchStep[],
): Promise<void> {
  const response = await fetch(`${base}/Patient/${id}`, {
    method: 'PATCH',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json-patch+json',
      'If-Match': `W/"${versionId}"`,
    },
    body: JSON.stringify(steps),
  });
  if (response.ok) return;
  if (response.status === 412 || response.status === 409) throw new Conflict();
  const { issue = [] } = (await response.json().catch(() => ({}))) as Outcome;
  throw new Error(issue.map(({ diagnostics }) => diagnostics).join('; ') || `The server answers ${response.status}`);
}
