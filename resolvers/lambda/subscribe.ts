import { forbidden, invalidRequest, tooCostly } from '../../fhir/outcome.js';
import { idPattern } from '../../fhir/resource.js';
import type { Tenant } from '../../fhir/tenant.js';
import { authorizeHistory, type HistoryAccess } from '../../interactions/history-access.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { defaultTenant, ownName } from '../../persistence/keys.js';
import type { AccessFilter } from '../../search/access.js';
import type { SubscribeRequest } from '../interaction-request.js';

/** A rule that a field of a change must keep. AWS documents `containsAny`, which its own types lack. */
export interface Rule {
  readonly fieldName: 'type' | 'id' | 'action' | 'compartments' | 'subject' | 'client';
  readonly operator: 'eq' | 'in' | 'contains' | 'containsAny' | 'beginsWith';
  readonly value: string | readonly string[];
}

/** What `extensions.setSubscriptionFilter` takes: the rules of one filter must all hold, of the filters one. */
export interface ChangeFilter {
  readonly filterGroup: readonly { readonly filters: readonly Rule[] }[];
}

/** The most values that AppSync's operators take. https://docs.aws.amazon.com/appsync/latest/devguide/extensions-js.html */
const mostIn = 5;
const mostContainsAny = 20;
/** The most filters that are set for one subscription: each change is held against all of them. */
const mostFilters = 10;

/** What a caller asks to be told of; everything that is absent does not count. */
interface Asked {
  readonly type?: string;
  readonly id?: string;
  readonly compartment?: string;
  readonly actions?: readonly string[];
}

function readAsked({ definitions }: FhirServer, given: Readonly<Record<string, unknown>>, field: string): Asked {
  const text = (name: string): string | undefined => {
    const value = given[name];
    return typeof value === 'string' ? value : undefined;
  };
  const [type, id, compartment] = [text('type'), text('id'), text('compartment')];
  const actions = Array.isArray(given['actions']) ? (given['actions'] as string[]) : undefined;
  if (id !== undefined && !idPattern.test(id)) throw invalidRequest(`${id} cannot be an id`, `${field}(id)`);
  if (compartment !== undefined) {
    const [name = '', owner = '', ...rest] = compartment.split('/');
    const { names } = definitions.compartments;
    if (!names.includes(name) || !idPattern.test(owner) || rest.length > 0) {
      const message = `${compartment} is no compartment: it must be one of ${names.join(', ')}, "/" and an id`;
      throw invalidRequest(message, `${field}(compartment)`);
    }
  }
  if (actions?.length === 0) throw invalidRequest('actions is empty: no change has none of them', `${field}(actions)`);
  return { ...(type && { type }), ...(id && { id }), ...(compartment && { compartment }), ...(actions && { actions }) };
}

function askedRules({ type, id, compartment, actions }: Asked, tenant: Tenant): Rule[] {
  const rules: Rule[] = [];
  if (type !== undefined) rules.push({ fieldName: 'type', operator: 'eq', value: type });
  if (id !== undefined) rules.push({ fieldName: 'id', operator: 'eq', value: id });
  if (compartment !== undefined)
    rules.push({ fieldName: 'compartments', operator: 'contains', value: ownName(tenant, compartment) });
  if (actions !== undefined) rules.push({ fieldName: 'action', operator: 'in', value: [...new Set(actions)].sort() });
  return rules;
}

/** Each way by which a type's changes are open: what a change must have. None of them when nothing of the type is. */
type Reach = readonly (readonly Rule[])[];

const everything: Reach = [[]];

/** A change has no content: what is open by criteria on the content only is not told of. */
function reachOf(access: AccessFilter, tenant: Tenant): Reach {
  if (access.kind === 'everything') return everything;
  const open = access.grants.filter(({ filters }) => filters.length === 0);
  if (open.some(({ compartments }) => compartments === undefined)) return everything;
  return open.map(({ compartments = [] }): readonly Rule[] => {
    if (compartments.length > mostContainsAny) {
      throw tooCostly(
        `Your rights are limited to ${String(compartments.length)} compartments: a subscription takes ${String(mostContainsAny)} at most`,
      );
    }
    const value = compartments.map((name) => ownName(tenant, name));
    return [{ fieldName: 'compartments', operator: 'containsAny', value }];
  });
}

/** The rules with one that says whose the change must be, unless one of its compartments does (indexer/publish-mutation.ts). */
const ofTenant = (rules: readonly Rule[], tenant: Tenant): readonly Rule[] =>
  tenant === defaultTenant || rules.some(({ fieldName }) => fieldName === 'compartments')
    ? rules
    : [...rules, { fieldName: 'compartments', operator: 'contains', value: ownName(tenant, '') }];

/** Types that are in equal reach. */
interface Reached {
  readonly reach: Reach;
  readonly types: readonly string[];
}

function reached(access: HistoryAccess, tenant: Tenant): Reached[] {
  const found = new Map<string, { reach: Reach; types: string[] }>();
  for (const [type, filter] of access) {
    const reach = reachOf(filter, tenant);
    if (reach.length === 0) continue;
    const key = JSON.stringify(reach);
    const together = found.get(key) ?? { reach, types: [] };
    together.types.push(type);
    found.set(key, together);
  }
  return [...found.values()];
}

/** Whether a limit may be set without naming its types: all others are seen as a whole. */
function areAll({ definitions }: FhirServer, groups: readonly Reached[], { types }: Reached): boolean {
  const seen = new Set(groups.flatMap(({ reach, types: whole }) => (isWhole(reach) ? whole : [])));
  return definitions.resourceTypes.every((type) => seen.has(type) || types.includes(type));
}

const isWhole = (reach: Reach): boolean => reach.some((rules) => rules.length === 0);

const chunks = (types: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(types.length / mostIn) }, (_, place) =>
    types.slice(place * mostIn, (place + 1) * mostIn),
  );

/**
 * The filter of a subscription to changes: what is asked for, of what the caller may see in a history (`authorizeHistory`).
 * @param request the arguments of `onResourceChanged`.
 * @returns as `extensions.setSubscriptionFilter` takes it.
 * @throws OperationOutcomeError 400 for an argument that can match nothing; 403 when the caller may see none, or more
 *   compartments or types than a filter takes.
 */
export function subscriptionFilter(
  server: FhirServer,
  caller: Caller,
  { arguments: given, field }: SubscribeRequest,
): ChangeFilter {
  const asked = readAsked(server, given, field);
  const access = authorizeHistory(
    server,
    caller,
    asked.type === undefined ? { kind: 'system' } : { kind: 'type', type: asked.type },
  );
  const { tenant } = server;
  const common = askedRules(asked, tenant);
  const groups = reached(access, tenant);
  if (groups.length === 0) {
    throw forbidden('What you may see is limited by what is in the resources: subscriptions cannot be limited so');
  }
  const filterGroup = groups.flatMap((group) =>
    group.reach.flatMap((limit) => {
      const rules = ofTenant([...common, ...limit], tenant);
      if (asked.type !== undefined || areAll(server, groups, group)) return [{ filters: rules }];
      return chunks(group.types).map((some) => {
        const ofTypes: Rule = { fieldName: 'type', operator: 'in', value: some };
        return { filters: [...rules, ofTypes] };
      });
    }),
  );
  if (filterGroup.length > mostFilters) {
    throw tooCostly('Your rights differ too much by type for one subscription: name a type', `${field}(type)`);
  }
  return { filterGroup };
}
