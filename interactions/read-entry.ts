import type { EntryAnswer } from './bundle-answer.js';
import { capabilities } from './capabilities.js';
import { isUnmodified } from './conditional-read.js';
import type { EntryAction } from './entry-action.js';
import { history } from './history.js';
import { operate } from './operations/operate.js';
import { read } from './read.js';
import { pathOf } from './search-place.js';
import { search } from './search.js';
import type { Caller, FhirServer } from './server.js';
import { vread } from './vread.js';

/** The interactions of a bundle that change nothing. */
export type ReadAction = Extract<EntryAction, { headOnly?: boolean } | { kind: 'operation' }>;

const reading: ReadonlySet<EntryAction['kind']> = new Set(['read', 'vread', 'history', 'search', 'capabilities']);

/** Whether an entry changes nothing. */
export const isReadAction = (action: EntryAction): action is ReadAction =>
  action.kind === 'operation' ? !action.operation.affectsState : reading.has(action.kind);

/**
 * Answers an entry of a bundle that reads.
 * @returns for a HEAD what the same GET would have answered, without a body.
 * @throws OperationOutcomeError as the interaction itself does.
 */
export async function readEntry(server: FhirServer, caller: Caller, action: ReadAction): Promise<EntryAnswer> {
  const answer = await answerRead(server, caller, action);
  const headOnly = action.kind !== 'operation' && action.headOnly === true;
  if (!headOnly || answer.kind === 'not-modified') return answer;
  return { kind: 'head', ...(answer.kind === 'read' ? { version: answer.version } : {}) };
}

async function answerRead(server: FhirServer, caller: Caller, action: ReadAction): Promise<EntryAnswer> {
  switch (action.kind) {
    case 'read':
    case 'vread': {
      const { key, form } = action;
      const version =
        action.kind === 'read' ? await read(server, caller, key) : await vread(server, caller, key, action.versionId);
      return isUnmodified(version, action)
        ? { kind: 'not-modified', version }
        : { kind: 'read', version, ...(form === undefined ? {} : { form }) };
    }
    case 'history':
      return { kind: 'history', page: await history(server, caller, action.scope, action.parameters) };
    case 'operation': {
      const answer = await operate(server, caller, action);
      if (answer.kind === 'job') throw new Error(`$${action.operation.name} began a job in a bundle`);
      return { kind: 'operation', answer };
    }
    case 'search': {
      const { place, parameters } = action;
      const page = await search(server, caller, place, { parameters, handling: 'strict' });
      return { kind: 'search', path: pathOf(place), page };
    }
    case 'capabilities':
      return { kind: 'capabilities', text: capabilities(server, caller.baseUrl).text };
  }
}
