import { readConsistency, stronglyConsistent } from '../../interactions/consistency.js';
import type { Consistency, FhirServer } from '../../interactions/server.js';
import type { MutationRequest } from '../interaction-request.js';
import type { MutationResult } from './mutations.js';

/** What a mutation says of its consistency when strong was asked for; the resolver makes it a response header. */
type ConsistentResult = MutationResult & { readonly __consistency?: Consistency };

/**
 * Does a mutation with the consistency it asks for, or the deployment's.
 * @param onDelay is told why searches may see the write later after all; the result's information says so too.
 * @throws OperationOutcomeError as the mutation; 400 for a consistency that is none.
 */
export async function consistently(
  server: FhirServer,
  request: MutationRequest,
  onDelay: (error: unknown) => void,
  mutate: (server: FhirServer) => Promise<MutationResult>,
): Promise<ConsistentResult> {
  const asked = readConsistency(request.consistency);
  if ((asked ?? server.consistency) !== 'strong') return mutate(server);
  let kept: Consistency = 'strong';
  const result = await mutate(
    stronglyConsistent(server, (error) => {
      kept = 'eventual';
      onDelay(error);
    }),
  );
  const delayed = {
    severity: 'warning',
    code: 'incomplete',
    diagnostics: 'Searches may see this write a little later than was asked for',
  } as const;
  // Assigned in a callback, which the compiler does not follow.
  const isKept = (kept as Consistency) === 'strong';
  const { information } = result;
  return {
    ...result,
    ...(isKept ? {} : { information: { ...information, issue: [...information.issue, delayed] } }),
    ...(asked === undefined ? {} : { __consistency: kept }),
  };
}
