import { stringifyJson } from '../fhir/json.js';
import { tooCostly } from '../fhir/outcome.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { EntryAnswer } from './bundle-answer.js';
import type { SearchPage } from './search-page.js';

/** What the reads of one bundle may give together, in characters, unless the server says otherwise. */
const mostTogether = 100_000_000;

/**
 * Holds what the reads of one bundle give together within a limit: its writes are done already, so that an answer
 * which cannot be put together would hide them.
 * @param most characters of resources.
 * @returns what takes an answer to the entry at `place`: the same answer, or that of an entry which failed with 413
 *   because those before it have used the limit up.
 */
export function readsTogether(most = mostTogether): (place: string, answer: EntryAnswer) => EntryAnswer {
  let total = 0;
  return (place, answer) => {
    const size = sizeOf(answer);
    if (total + size <= most) {
      total += size;
      return answer;
    }
    const diagnostics = `The entries read more than ${String(most)} characters together: read the rest by themselves`;
    return { kind: 'failed', error: tooCostly(diagnostics, place) };
  };
}

const lengths = (versions: readonly StoredVersion[]): number =>
  versions.reduce((sum, { body }) => sum + body.length, 0);
const sizeOfPage = ({ matches, included }: SearchPage): number => lengths(matches) + lengths(included);

function sizeOf(answer: EntryAnswer): number {
  switch (answer.kind) {
    case 'read':
      return answer.version.body.length;
    case 'capabilities':
      return answer.text.length;
    case 'search':
      return sizeOfPage(answer.page);
    case 'history':
      return lengths(answer.page.versions);
    case 'operation':
      return answer.answer.kind === 'searchset'
        ? sizeOfPage(answer.answer.page)
        : stringifyJson(answer.answer.resource).length;
    default:
      return 0;
  }
}
