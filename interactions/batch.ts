import { OperationOutcomeError } from '../fhir/outcome.js';
import { keyText, type Resource } from '../fhir/resource.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { BundleAnswer, EntryAnswer } from './bundle-answer.js';
import { conditionalDelete } from './conditional-delete.js';
import { conditionalUpdate } from './conditional-update.js';
import { create } from './create.js';
import { beginOfCriteria } from './criteria-links.js';
import { deleteResource } from './delete.js';
import type { EntryAction } from './entry-action.js';
import { placed } from './entry-place.js';
import { readEntries, type EntryRequest } from './entry-request.js';
import { independentEntries } from './independent-entries.js';
import { inParallel } from './parallel.js';
import { patch } from './patch.js';
import { isReadAction, readEntry } from './read-entry.js';
import { readsTogether } from './reads-together.js';
import type { Caller, FhirServer } from './server.js';
import { update } from './update.js';
import { authorize } from './access.js';

/** Enough writes under way that the store can make many durable at once. */
const concurrency = 64;

/**
 * Does every entry of a batch for itself: one that fails does not keep the others from being done.
 * Writes come first, reads after them; writes to the same resource are done in the entries' order.
 * https://hl7.org/fhir/R4/http.html#transaction
 * @throws OperationOutcomeError 403, 422 when the bundle itself (all but its resources) breaks its rules.
 */
export async function batch(server: FhirServer, caller: Caller, bundle: Resource): Promise<BundleAnswer> {
  authorize(server, caller, 'batch');
  const requests = independentEntries(server, readEntries(server, caller, bundle));
  const answers: EntryAnswer[] = [];
  const reads: number[] = [];
  const chains = new Map<string, number[]>();
  for (const [index, request] of requests.entries()) {
    if (request instanceof OperationOutcomeError) answers[index] = { kind: 'failed', error: request };
    else if (isReadAction(request.action)) reads.push(index);
    else append(chains, writeTarget(request.action) ?? `entry ${String(index)}`, index);
  }
  const together = readsTogether(server.mostReadTogether);
  const answer = async (index: number): Promise<void> => {
    const request = requests[index];
    if (request !== undefined && !(request instanceof OperationOutcomeError)) {
      const found = await answerEntry(server, caller, request);
      answers[index] = isReadAction(request.action) ? together(request.place, found) : found;
    }
  };
  await inParallel([...chains.values()], concurrency, async (chain) => {
    for (const index of chain) await answer(index);
  });
  await inParallel(reads, concurrency, answer);
  return { type: 'batch-response', entries: answers };
}

async function answerEntry(server: FhirServer, caller: Caller, { place, action }: EntryRequest): Promise<EntryAnswer> {
  try {
    switch (action.kind) {
      case 'create':
        return { kind: 'written', ...(await create(server, caller, action)) };
      case 'update':
        return { kind: 'written', ...(await update(server, caller, action)) };
      case 'conditional-update':
        return { kind: 'written', ...(await conditionalUpdate(server, caller, action)) };
      case 'patch':
      case 'conditional-patch':
        return { kind: 'written', ...(await patch(server, caller, action)) };
      case 'delete':
        return { kind: 'deleted', versions: listOf(await deleteResource(server, caller, action)) };
      case 'conditional-delete':
        return { kind: 'deleted', versions: await conditionalDelete(server, caller, action) };
      default:
        return await readEntry(server, caller, action);
    }
  } catch (error) {
    return { kind: 'failed', error: placed(error, place) };
  }
}

const listOf = (version: StoredVersion | undefined): readonly StoredVersion[] =>
  version === undefined ? [] : [version];

/** What two writes have in common that must be done one after the other; undefined for one of its own. */
function writeTarget(action: EntryAction): string | undefined {
  if (action.kind === 'create') {
    return action.ifNoneExist === undefined ? undefined : criteriaText(action.type, action.ifNoneExist);
  }
  if (action.kind === 'operation') {
    return action.target.level === 'instance' ? keyText(action.target) : undefined;
  }
  if ('criteria' in action) return criteriaText(action.type, action.criteria);
  return 'key' in action ? keyText(action.key) : undefined;
}

/** Equal criteria one after the other spare lost races; whether they are equal is decided by their claims. */
const criteriaText = (type: string, criteria: string): string => `${type}?${criteria.slice(beginOfCriteria(criteria))}`;

function append(chains: Map<string, number[]>, target: string, index: number): void {
  const chain = chains.get(target);
  if (chain === undefined) chains.set(target, [index]);
  else chain.push(index);
}
