import { tooCostly } from '../../fhir/outcome.js';
import type { StoredVersion } from '../../persistence/resource-store.js';
import type { SearchPage } from '../search-page.js';
import { search, type SearchQuery } from '../search.js';
import type { Caller, FhirServer } from '../server.js';

const pageSize = 1_000;

/** All that a search finds, and the part of each that it asks to be shown. */
export interface AllMatches extends Pick<SearchPage, 'form'> {
  readonly matches: readonly StoredVersion[];
}

/**
 * All matches of a search of one type, in its order, for an operation that chooses among them.
 * @param most the greatest number of matches.
 * @throws OperationOutcomeError as `search`; 413 when there are more.
 */
export async function allMatches(
  server: FhirServer,
  caller: Caller,
  type: string,
  parameters: SearchQuery['parameters'],
  most: number,
): Promise<AllMatches> {
  const place = { kind: 'type', type } as const;
  const asked = { handling: 'strict', uncounted: true } as const;
  const matches: StoredVersion[] = [];
  let page = await search(server, caller, place, { ...asked, parameters, count: pageSize });
  for (;;) {
    matches.push(...page.matches);
    if (matches.length > most) {
      throw tooCostly(
        `More than ${String(most)} ${type} resources would have to be looked at: narrow it, by date or code`,
      );
    }
    const { next } = page.links;
    if (next === undefined) return { matches, ...(page.form === undefined ? {} : { form: page.form }) };
    page = await search(server, caller, place, { ...asked, parameters: [], cursor: next });
  }
}

/** The page that has all of these, as an operation answers it. */
export const wholePage = (
  { matches, form }: AllMatches,
  used: SearchPage['used'],
): Omit<SearchPage, 'total'> & { readonly total: number } => ({
  matches,
  included: [],
  total: matches.length,
  ...(form === undefined ? {} : { form }),
  count: matches.length,
  offset: 0,
  links: {},
  used,
  warnings: [],
});
