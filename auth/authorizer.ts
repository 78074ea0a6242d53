import type { Access } from './access.js';
import type { Principal } from './principal.js';
import type { Interaction } from './rules.js';

/**
 * What may be asked for: what rules speak of, and what tells SMART scopes apart further: the history of a type or of
 * the system is a search, and some may create by an update who may not create otherwise.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
export type AskedInteraction = Interaction | 'history-type' | 'update-create';

/**
 * The authorization component: who may do what. One is chosen at the start (`AUTHORIZATION`, authorizers.ts); one of
 * your own takes its place in the `FhirServer` (docs/security.md).
 */
export interface Authorizer {
  /**
   * Decides, before anything is read, what of a type a principal may see or change by an interaction.
   * @param type the resource type; absent for transaction, batch and capabilities, whose entries are asked for one by
   *   one, and for reindex.
   * @returns the access that every version is held to before it leaves the store or is written.
   * @throws OperationOutcomeError 403 when nothing of the type is open.
   */
  authorize(principal: Principal, interaction: AskedInteraction, type?: string): Access;
}

/** The rules' word for what is asked. */
export const ruledAs = (asked: AskedInteraction): Interaction =>
  asked === 'history-type' ? 'history' : asked === 'update-create' ? 'create' : asked;

/** What may not be done, in words: most interactions are verbs. */
const inWords: Partial<Record<AskedInteraction, string>> = {
  vread: 'read versions of',
  history: 'read the history of',
  'history-type': 'read the history of',
  'update-create': 'create by an update',
  transaction: 'post a transaction',
  batch: 'post a batch',
  capabilities: 'read the capabilities',
  reindex: 'make the search index anew, of',
};

/** Who it is, as a sentence names them: never more than the token itself says. */
const named = ({ username, groups }: Principal): string =>
  groups.length === 0 ? `${username} (in no group)` : `${username} (${groups.join(', ')})`;

/** What somebody asks for, as the beginning of a sentence: `jane (auditor) may`, then what. */
export const asked = (principal: Principal, interaction: AskedInteraction, type: string | undefined, may: string) =>
  `${named(principal)} ${may} ${inWords[interaction] ?? interaction}${type === undefined ? '' : ` ${type}`}`;
