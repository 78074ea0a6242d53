import { gone, notSupported, OperationOutcomeError, type OutcomeIssue } from '../fhir/outcome.js';
import { keyText, type Resource } from '../fhir/resource.js';
import type { BundleAnswer, EntryAnswer } from './bundle-answer.js';
import { interactionOf } from './entry-action.js';
import { failingAt, placed } from './entry-place.js';
import { readEntries, type EntryRequest } from './entry-request.js';
import { authorizeHistory } from './history-access.js';
import { pageToken, readHistoryRequest } from './history-request.js';
import { issuesOf } from './new-version.js';
import { authorizeOperation } from './operations/operate.js';
import type { OperationCall } from './operations/operation.js';
import { isReadAction, readEntry, type ReadAction } from './read-entry.js';
import { readsTogether } from './reads-together.js';
import { retryLostRaces } from './retry.js';
import { requireSearch } from './search.js';
import type { Caller, FhirServer } from './server.js';
import { isDelete, newKeyOf, type WriteEntry } from './transaction-find.js';
import { linksOf, tryWrites } from './transaction-writes.js';
import { authorize } from './access.js';

/** More issues than anyone reads; the rest is not looked for. */
const mostIssues = 100;

/**
 * Does all entries of a bundle or none: deletes, creates, updates and patches in one commit, then reads.
 * https://hl7.org/fhir/R4/http.html#transaction
 * @param bundle of type transaction; its resources are taken over, links between them are filled in place.
 * @throws OperationOutcomeError whose expressions name the entries at fault (`Bundle.entry[3]`), reads among them;
 * nothing is written then: 400, 403, 404, 412, 422 as the single interaction would answer, 409 when other writes kept getting in between.
 */
export async function transaction(server: FhirServer, caller: Caller, bundle: Resource): Promise<BundleAnswer> {
  authorize(server, caller, 'transaction');
  const requests: EntryRequest[] = [];
  for (const request of readEntries(server, caller, bundle)) {
    if (request instanceof OperationOutcomeError) throw request;
    requests.push(request);
  }
  const writes: WriteEntry[] = [];
  const reads: { index: number; place: string; action: ReadAction }[] = [];
  for (const [index, { place, fullUrl, action }] of requests.entries()) {
    if (action.kind === 'operation') {
      failingAt(place, () => {
        requireReadOperation(action);
        authorizeOperation(server, caller, action);
      });
      reads.push({ index, place, action });
      continue;
    }
    if (action.kind === 'history') {
      failingAt(place, () => authorizeHistory(server, caller, action.scope));
      reads.push({ index, place, action });
      continue;
    }
    if (isReadAction(action)) {
      // Which types a search looks in, and whether it may, `requireSearch` decides.
      if (action.kind !== 'search') {
        const type = 'key' in action ? action.key.type : action.type;
        failingAt(place, () => authorize(server, caller, action.kind, type));
      }
      reads.push({ index, place, action });
    } else {
      const type = 'key' in action ? action.key.type : action.type;
      const access = failingAt(place, () => authorize(server, caller, interactionOf(action), type));
      const newKey = newKeyOf(server, action);
      writes.push({ index, place, action, access, newKey, ...(fullUrl === undefined ? {} : { fullUrl }) });
    }
  }
  await requireAllValid(server, caller, writes);
  await requireAllReadable(server, caller, reads, writes);
  const links = linksOf(server, writes);
  const answers = await retryLostRaces(() => tryWrites(server, caller, writes, reads, links));
  const together = readsTogether(server.mostReadTogether);
  for (const { index, place, action } of reads) {
    answers[index] = together(place, await answerRead(server, caller, place, action));
  }
  return { type: 'transaction-response', entries: answers };
}

/** @throws OperationOutcomeError 400: a commit is all or nothing, and what an operation changes is no part of it. */
function requireReadOperation({ operation: { name, affectsState } }: OperationCall): void {
  if (affectsState) throw notSupported(`$${name} changes what is stored and cannot be part of a transaction`);
}

/**
 * A read that is sure to fail makes the whole transaction fail, so it is found out before anything is written.
 * https://hl7.org/fhir/R4/http.html#transaction
 * @throws OperationOutcomeError as the read itself would, naming its entry.
 */
async function requireAllReadable(
  server: FhirServer,
  caller: Caller,
  reads: readonly { readonly place: string; readonly action: ReadAction }[],
  writes: readonly WriteEntry[],
): Promise<void> {
  const written = new Map(
    writes.flatMap(({ action }) => ('key' in action ? [[keyText(action.key), action.kind]] : [])),
  );
  for (const { place, action } of reads) {
    if (action.kind === 'operation') continue; // what it is about may be written by this very transaction
    try {
      if (action.kind === 'search')
        await requireSearch(server, caller, action.place, { ...action, handling: 'strict' });
      else if (action.kind === 'capabilities') continue;
      else if (action.kind === 'history') {
        const { scope } = action;
        if (pageToken(action.parameters) === undefined) {
          const { lists } = readHistoryRequest(server, scope, action.parameters, caller.baseUrl);
          if (lists !== undefined) authorize(server, caller, 'read', 'List');
        }
        if (scope.kind === 'instance' && !written.has(keyText(scope.key))) await readEntry(server, caller, action);
      } else if (action.kind === 'read' && written.get(keyText(action.key)) === 'delete')
        throw gone(keyText(action.key));
      else if (!written.has(keyText(action.key))) await readEntry(server, caller, action);
    } catch (error) {
      throw placed(error, place);
    }
  }
}

/**
 * The writes are done when reads are answered: what fails then, since other writes got in between, is an answer of
 * its entry, not a failure of the transaction.
 */
async function answerRead(server: FhirServer, caller: Caller, place: string, action: ReadAction): Promise<EntryAnswer> {
  try {
    return await readEntry(server, caller, action);
  } catch (error) {
    return { kind: 'failed', error: placed(error, place) };
  }
}

async function requireAllValid(server: FhirServer, caller: Caller, writes: readonly WriteEntry[]): Promise<void> {
  const issues: OutcomeIssue[] = [];
  const entryTypes = new Map(
    writes.flatMap(({ fullUrl, action }) =>
      fullUrl === undefined || isDelete(action) ? [] : [[fullUrl, 'key' in action ? action.key.type : action.type]],
    ),
  );
  for (const { place, action } of writes) {
    if (!('resource' in action)) continue;
    const interaction = action.kind === 'create' ? 'create' : 'update';
    issues.push(
      ...(await issuesOf(server, caller, action.resource, interaction, { place: `${place}.resource`, entryTypes })),
    );
    if (issues.length >= mostIssues) break;
  }
  if (issues.length > 0) throw new OperationOutcomeError(422, issues.slice(0, mostIssues));
}
