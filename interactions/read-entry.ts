import { invalidRequest, notSupported } from '../fhir/outcome.js';
import type { EntryAnswer } from './bundle-answer.js';
import type { EntryAction } from './entry-request.js';
import { historyInstance, type HistoryRequest } from './history-instance.js';
import { operate } from './operations/operate.js';
import { read } from './read.js';
import { searchType } from './search-type.js';
import type { Caller, FhirServer } from './server.js';
import { vread } from './vread.js';

/** The interactions of a bundle that change nothing. */
export type ReadAction = Extract<EntryAction, { kind: 'read' | 'vread' | 'history' | 'search' | 'operation' }>;

/** Whether an entry changes nothing. */
export const isReadAction = (action: EntryAction): action is ReadAction =>
  action.kind === 'read' ||
  action.kind === 'vread' ||
  action.kind === 'history' ||
  action.kind === 'search' ||
  (action.kind === 'operation' && !action.operation.affectsState);

/**
 * Answers an entry of a bundle that reads.
 * @throws OperationOutcomeError as the interaction itself does.
 */
export async function readEntry(server: FhirServer, caller: Caller, action: ReadAction): Promise<EntryAnswer> {
  switch (action.kind) {
    case 'read': {
      const version = await read(server, caller, action.key);
      const same = action.ifNoneMatch !== undefined && namesVersion(action.ifNoneMatch, version.versionId);
      return { kind: same ? 'not-modified' : 'read', version };
    }
    case 'vread':
      return { kind: 'read', version: await vread(server, caller, action.key, action.versionId) };
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
      const { type, parameters } = action;
      const page = await searchType(server, caller, { type, parameters, handling: 'strict' });
      return { kind: 'search', type, page };
    }
  }
}

/**
 * Whether the text of an If-None-Match names the version, or any by `*`.
 * https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
 */
export const namesVersion = (ifNoneMatch: string, versionId: number | string): boolean =>
  ifNoneMatch.split(',').some((tag) => {
    const text = tag.trim();
    return text === '*' || text.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') === String(versionId);
  });

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
