import type { AskedInteraction } from '../../auth/authorizer.js';
import { accessOrNone } from '../access.js';
import type { Caller, FhirServer } from '../server.js';
import type { Operation } from './operation.js';
import { type OutputParameter, parametersOf } from './parameters.js';
import { reindex } from './reindex.js';

/** What may be asked about each type, in the order in which people read it. */
const ofTypes = ['search', 'read', 'vread', 'history', 'create', 'update', 'patch', 'delete'] as const;

/** What may be asked about the server as a whole. */
const ofSystem = ['batch', 'transaction', 'reindex'] as const;

/**
 * `$permissions`: who the caller is, by the token, and what they may do here, decided by the same component that decides
 * on every request. `permission` says for one interaction which types are open, whole or in part: `limit` names the
 * compartments and the criteria that what is open in part is in.
 */
export const permissions: Operation = {
  name: 'permissions',
  definition: 'urn:fhir-on-appsync:operation:permissions',
  levels: ['system'],
  types: [],
  affectsState: false,
  needs: 'capabilities',
  parameters: [],
  run: (server, caller) =>
    Promise.resolve({
      kind: 'resource',
      resource: parametersOf([
        ...whoIs(caller),
        ...ofTypes.flatMap((each) => ofType(server, caller, each)),
        ...system(server, caller),
      ]),
    }),
};

function whoIs({ principal }: Caller): OutputParameter[] {
  const { subject, username, groups, scopes, clientId, fhirUser, patient } = principal;
  const text = (name: string, value: string | undefined): OutputParameter[] =>
    value === undefined ? [] : [{ name, valueString: value }];
  return [
    ...text('subject', subject),
    ...text('username', username),
    ...groups.flatMap((group) => text('group', group)),
    ...scopes.flatMap((scope) => text('scope', scope)),
    ...text('client', clientId),
    ...text('fhirUser', fhirUser),
    ...text('patient', patient),
  ];
}

/** One `permission` for the types that are open alike. */
function ofType(server: FhirServer, caller: Caller, interaction: AskedInteraction): OutputParameter[] {
  const alike = new Map<string, { readonly limits: readonly string[] | undefined; readonly types: string[] }>();
  for (const type of server.definitions.resourceTypes) {
    if (accessOrNone(server, caller, interaction, type) === undefined) continue;
    const limits = limitsOf(server, caller, interaction, type);
    const key = JSON.stringify(limits ?? null);
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { limits, types: [type] });
    else known.types.push(type);
  }
  return [...alike.values()].map(({ limits, types }) => permission(interaction, types, limits));
}

/** What is open in part, in words; undefined when all is open. */
function limitsOf(
  { authorizer }: FhirServer,
  { principal }: Caller,
  interaction: AskedInteraction,
  type: string,
): readonly string[] | undefined {
  const access = authorizer.authorize(principal, interaction, type);
  if (access.kind === 'everything') return undefined;
  return access.grants.map(({ compartments, criteria }) => [...(compartments ?? []), ...criteria].join('&'));
}

const system = (server: FhirServer, caller: Caller): OutputParameter[] =>
  ofSystem
    .filter((interaction) => interaction !== 'reindex' || reindex.isServed?.(server) === true)
    .filter((interaction) => accessOrNone(server, caller, interaction, '') !== undefined)
    .map((interaction) => permission(interaction, [], undefined));

const permission = (
  interaction: AskedInteraction,
  types: readonly string[],
  limits: readonly string[] | undefined,
): OutputParameter => ({
  name: 'permission',
  part: [
    { name: 'interaction', valueCode: interaction },
    ...types.map((type) => ({ name: 'type', valueCode: type })),
    ...(limits ?? []).map((limit) => ({ name: 'limit', valueString: limit })),
  ],
});
