import { invalidRequest, notSupported } from '../fhir/outcome.js';
import type { EntryAnswer } from './bundle-answer.js';
import { capabilities } from './capabilities.js';
import { isUnmodified } from './conditional-read.js';
import type { EntryAction } from './entry-request.js';
import { historyInstance, type HistoryRequest } from './history-instance.js';
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
    case 'history': {
      const asked = readHistoryParameters(action.parameters);
      return {
        kind: 'history',
        key: action.key,
        asked,
        page: await historyInstance(server, caller, action.key, asked),
      };
    }
    case 'operation':
      return { kind: 'operation', answer: await operate(server, caller, action) };
    case 'search': {
      const { place, parameters } = action;
      const page = await search(server, caller, place, { parameters, handling: 'strict' });
      return { kind: 'search', path: pathOf(place), page };
    }
    case 'capabilities':
      return { kind: 'capabilities', text: capabilities(server, caller.baseUrl).text };
  }
}

/** How many versions a page of history has unless `_count` says otherwise, and the most it may say. */
const historyCount = { default: 20, most: 1000 };

/**
 * Reads the parameters of a history request: `_count`, and `_page` of this server's own links.
 * @throws OperationOutcomeError 400 naming a parameter that is not supported or not understood.
 */
export function readHistoryParameters(parameters: readonly (readonly [string, string])[]): HistoryRequest {
  let count = historyCount.default;
  let before: number | undefined;
  for (const [name, value] of parameters) {
    if (name === '_format' || name === '_pretty') continue;
    if (name !== '_count' && name !== '_page') throw notSupported(`${name} is not supported by history`, name);
    if (!/^[1-9][0-9]{0,14}$/.test(value)) throw invalidRequest(`${name} must be a positive integer`, name);
    if (name === '_count') count = Math.min(Number(value), historyCount.most);
    else before = Number(value);
  }
  return { count, ...(before === undefined ? {} : { before }) };
}
