import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizerFor } from '../../../auth/authorizers.js';
import type { Principal } from '../../../auth/principal.js';
import { type RoleRules, roleRules } from '../../../auth/rules.js';
import { OperationOutcomeError } from '../../../fhir/outcome.js';
import { authorizeHistory, type HistoryAccess } from '../../../interactions/history-access.js';
import type { FhirServer } from '../../../interactions/server.js';
import { passes, readFilter } from '../../../local/appsync/realtime/filter.js';
import { type EmbeddedServers, openServers } from '../../../local/compose.js';
import { permits } from '../../../search/access.js';
import { limitedCallers } from '../../leaks/callers.js';
import { type ChangeFilter, subscriptionFilter } from '../../../resolvers/lambda/subscribe.js';

let folder: string;
let stores: EmbeddedServers;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'subscribe-'));
  stores = await openServers(folder);
});
afterAll(async () => {
  await stores.close();
  rmSync(folder, { recursive: true });
});

const person = (group: string, more: Partial<Principal> = {}): Principal => ({
  subject: 'x',
  username: 'x',
  groups: [group],
  scopes: ['openid', 'profile'],
  clientId: 'test',
  ...more,
});

function filterOf(
  principal: Principal,
  given: Record<string, unknown> = {},
  server: Partial<FhirServer> = {},
): ChangeFilter {
  const filter = subscriptionFilter(
    { ...stores.servers.r4, ...server },
    { principal, baseUrl: 'http://localhost/r4' },
    { interaction: 'subscribe', arguments: given, field: 'Subscriptions.onResourceChanged' },
  );
  readFilter(filter); // AppSync takes it
  return filter;
}

const rule = (fieldName: string, operator: string, value: unknown): object => ({ fieldName, operator, value });

describe('the filter of a subscription', () => {
  test('lets everything through for who sees everything', () => {
    expect(filterOf(person('practitioner'))).toEqual({ filterGroup: [{ filters: [] }] });
  });

  test('says what is asked for', () => {
    const given = { type: 'Observation', id: 'o1', compartment: 'Patient/p1', actions: ['update', 'create', 'update'] };
    expect(filterOf(person('practitioner'), given)).toEqual({
      filterGroup: [
        {
          filters: [
            rule('type', 'eq', 'Observation'),
            rule('id', 'eq', 'o1'),
            rule('compartments', 'contains', 'Patient/p1'),
            rule('action', 'in', ['create', 'update']),
          ],
        },
      ],
    });
  });

  test('names the types of a role, five in a rule, as many as an operator takes', () => {
    const { filterGroup } = filterOf(person('non-practitioner'));
    const types = filterGroup.flatMap(({ filters }) => filters.flatMap(({ value }) => value));
    expect(filterGroup.every(({ filters }) => filters.length === 1)).toBe(true);
    expect(types).toHaveLength(16); // of the 18 the rules name, two are STU3's
    expect(types).toEqual(expect.arrayContaining(['Account', 'Claim', 'PaymentReconciliation']));
  });

  test('holds a patient to the own compartment, but for who and where care is given', () => {
    const { filterGroup } = filterOf(person('patient', { fhirUser: 'Patient/p1' }));
    expect(filterGroup).toContainEqual({ filters: [rule('compartments', 'containsAny', ['Patient/p1'])] });
    const directory = filterGroup.flatMap(({ filters }) => filters.filter(({ fieldName }) => fieldName === 'type'));
    expect(directory.flatMap(({ value }) => value).sort()).toEqual([
      ...['Endpoint', 'HealthcareService', 'Location', 'Medication', 'Organization', 'OrganizationAffiliation'],
      ...['Practitioner', 'PractitionerRole'],
    ]);
  });

  test('keeps the limit beside what is asked for: another compartment opens nothing', () => {
    const given = { type: 'Observation', compartment: 'Patient/p2' };
    expect(filterOf(person('patient', { fhirUser: 'Patient/p1' }), given)).toEqual({
      filterGroup: [
        {
          filters: [
            rule('type', 'eq', 'Observation'),
            rule('compartments', 'contains', 'Patient/p2'),
            rule('compartments', 'containsAny', ['Patient/p1']),
          ],
        },
      ],
    });
  });

  test('names the types where a limit is not for all', () => {
    const rules: RoleRules = [
      { group: 'own', interactions: ['history'], types: ['Observation', 'Condition'], reach: 'compartment' },
    ];
    const authorizer = authorizerFor('roles', rules);
    expect(filterOf(person('own', { fhirUser: 'Patient/p1' }), {}, { authorizer })).toEqual({
      filterGroup: [
        {
          filters: [
            rule('compartments', 'containsAny', ['Patient/p1']),
            rule('type', 'in', ['Condition', 'Observation']),
          ],
        },
      ],
    });
  });

  test('is refused when it would take more filters than are held against a change', () => {
    const some = stores.servers.r4.definitions.resourceTypes.slice(0, 60);
    const authorizer = authorizerFor('roles', [
      { group: 'many', interactions: ['history'], types: some, reach: 'everything' },
    ]);
    expect(() => filterOf(person('many'), {}, { authorizer })).toThrow('name a type');
    expect(filterOf(person('many'), { type: 'Account' }, { authorizer }).filterGroup).toHaveLength(1);
  });

  test('is refused beyond 20 compartments', () => {
    const compartments = Array.from({ length: 21 }, (_, place) => `Patient/p${String(place)}`);
    const limitedTo = (count: number): FhirServer['authorizer'] => ({
      authorize: () => ({
        kind: 'limited',
        grants: [{ compartments: compartments.slice(0, count), criteria: [] }],
      }),
    });
    expect(filterOf(person('x'), {}, { authorizer: limitedTo(20) }).filterGroup).toHaveLength(1);
    expect(() => filterOf(person('x'), {}, { authorizer: limitedTo(21) })).toThrow('limited to 21 compartments');
  });

  test('is refused to scopes by criteria: a change has no content they could be held against', () => {
    const authorizer = authorizerFor('smart', roleRules);
    const app = person('practitioner', { scopes: ['user/Observation.rs?category=laboratory'] });
    expect(() => filterOf(app, {}, { authorizer })).toThrow('subscriptions cannot be limited so');
    expect(() => filterOf(app, { type: 'Observation' }, { authorizer })).toThrow('subscriptions cannot be limited so');
    const also = person('practitioner', { scopes: ['user/Observation.rs?category=laboratory', 'user/Patient.rs'] });
    expect(filterOf(also, {}, { authorizer })).toEqual({
      filterGroup: [{ filters: [rule('type', 'in', ['Patient'])] }],
    });
  });

  test.each(Object.entries(limitedCallers))('lets through for %s what they may see, and nothing else', (_, caller) => {
    const server = { ...stores.servers.r4, authorizer: authorizerFor('roles+smart', roleRules) };
    const { principal } = caller;
    let access: HistoryAccess = new Map();
    let filter: ChangeFilter = { filterGroup: [] };
    try {
      access = authorizeHistory(server, { principal, baseUrl: 'http://localhost/r4' }, { kind: 'system' });
      filter = filterOf(principal, {}, server);
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error; // refused: told of nothing
    }
    for (const type of server.definitions.resourceTypes) {
      for (const compartments of [[], ['Patient/p1'], ['Patient/p2'], ['Patient/p1', 'Patient/p2']]) {
        const rights = access.get(type);
        // A deletion has no content: criteria open nothing of it, as of every change.
        const may = rights !== undefined && permits(rights, { type, compartments, deleted: true, body: '' });
        const change = { type, id: 'x', versionId: '1', action: 'update', lastUpdated: '', compartments };
        expect([type, compartments, passes(filter, change)]).toEqual([type, compartments, may]);
      }
    }
  });

  test('holds SMART scopes of a patient to the compartment', () => {
    const authorizer = authorizerFor('smart', roleRules);
    const app = person('patient', { fhirUser: 'Patient/p1', scopes: ['patient/Observation.rs'] });
    expect(filterOf(app, {}, { authorizer })).toEqual({
      filterGroup: [
        { filters: [rule('compartments', 'containsAny', ['Patient/p1']), rule('type', 'in', ['Observation'])] },
      ],
    });
  });
});
