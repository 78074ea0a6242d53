import { describe, expect, test } from '@jest/globals';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import { byRoles } from '../../../auth/roles.js';
import { roleRules } from '../../../auth/rules.js';
import type { FhirServer } from '../../../interactions/server.js';
import type { ResourceKey } from '../../../fhir/resource.js';
import type { ResourceStore, StoredVersion } from '../../../persistence/resource-store.js';
import type { InteractionAnswer, ReferenceRequest } from '../../../resolvers/interaction-request.js';
import { createResolverHandler } from '../../../resolvers/lambda/handler.js';
import { resourceOf } from '../../../resolvers/lambda/input.js';
import { defaultTenant } from '../../../persistence/keys.js';

const practitioner = { sub: '1', 'cognito:groups': ['practitioner'], scope: 'openid profile' };
const patient = { sub: '2', 'cognito:groups': ['patient'], scope: 'openid profile', fhirUser: 'Patient/1' };
const nothing = (): never => {
  throw new Error('the store holds Peter Chalmers');
};

const versionOf = ({ type, id }: ResourceKey): StoredVersion => ({
  type,
  id,
  versionId: 1,
  lastUpdated: '2026-01-01T00:00:00.000Z',
  method: 'PUT',
  deleted: false,
  compartments: type === 'Patient' ? [`Patient/${id}`] : [],
  resourceChildren: false,
  body: JSON.stringify({ resourceType: type, id }),
});

/** A server whose store gives a version for every key, and keeps the keys asked for. */
async function serverOf(store: Partial<ResourceStore>): Promise<FhirServer> {
  return {
    definitions: await loadDefinitions('r4'),
    tenant: defaultTenant,
    store: store as ResourceStore,
    index: { search: nothing, count: nothing, put: nothing },
    authorizer: byRoles(roleRules),
    pageKey: new Uint8Array(32),
    now: () => 0,
    newId: () => 'new',
  };
}

const reference = (text: string, more: Partial<ReferenceRequest> = {}): ReferenceRequest => ({
  interaction: 'reference',
  reference: text,
  optional: false,
  field: 'Reference.resource',
  claims: practitioner,
  ...more,
});

const errorOf = (
  answer: InteractionAnswer | undefined,
): { message: string; type: string; info: { status: number } } | undefined =>
  answer !== undefined && 'error' in answer ? answer.error : undefined;

describe('the handler behind the resolvers', () => {
  test('reads the references of a level once, without repeats, and answers in their order', async () => {
    const asked: string[][] = [];
    const readMany = (keys: readonly ResourceKey[]): Promise<StoredVersion[]> => {
      asked.push(keys.map(({ type, id }) => `${type}/${id}`));
      return Promise.resolve(keys.map(versionOf));
    };
    const handler = createResolverHandler(await serverOf({ readMany }), {
      baseUrl: () => 'http://x',
      onUnexpected: nothing,
    });
    const texts = ['Patient/1', 'Patient/2', 'Patient/1', 'Group/1', 'nonsense', 'Patient/2'];
    const answers = await handler(texts.map((text) => reference(text, { optional: true })));
    expect(asked).toEqual([['Patient/1', 'Patient/2', 'Group/1']]);
    expect(
      answers.map((answer) => ('value' in answer ? ((answer.value as { id?: string } | null)?.id ?? null) : 'error')),
    ).toEqual(['1', '2', '1', '1', null, '2']);
  });

  test('never answers one caller with what another may see, should a batch ever mix them', async () => {
    const readMany = (keys: readonly ResourceKey[]): Promise<StoredVersion[]> => Promise.resolve(keys.map(versionOf));
    const handler = createResolverHandler(await serverOf({ readMany }), {
      baseUrl: () => 'http://x',
      onUnexpected: nothing,
    });
    const answers = await handler([
      reference('Patient/2'),
      reference('Patient/2', { claims: patient }),
      reference('Patient/1', { claims: patient }),
    ]);
    expect(answers.map((answer) => errorOf(answer)?.type)).toEqual([undefined, 'not-found', undefined]);
  });

  test('masks what nobody expected, and tells it to the log', async () => {
    const told: unknown[] = [];
    const server = await serverOf({ read: nothing, readMany: nothing });
    const handler = createResolverHandler(server, {
      baseUrl: () => 'http://x',
      onUnexpected: (failure) => told.push(failure),
    });
    const claims = practitioner;
    const answer = await handler({ interaction: 'read', type: 'Patient', id: '1', field: 'Query.Patient', claims });
    expect(errorOf(answer)).toMatchObject({ type: 'exception', info: { status: 500 } });
    expect(JSON.stringify(answer)).not.toContain('Chalmers');
    const [one] = await handler([reference('Patient/1')]);
    expect(errorOf(one)).toMatchObject({ type: 'exception', info: { status: 500 } });
    expect(told).toHaveLength(2);
  });

  test('refuses who has no claims, or claims that name nobody', async () => {
    const handler = createResolverHandler(await serverOf({}), { baseUrl: () => 'http://x', onUnexpected: nothing });
    const read = { interaction: 'read', type: 'Patient', id: '1', field: 'Query.Patient' } as const;
    expect(errorOf(await handler(read))).toMatchObject({ type: 'login', info: { status: 401 } });
    expect(errorOf(await handler({ ...read, claims: {} }))).toMatchObject({ type: 'login', info: { status: 401 } });
    const [answer] = await handler([{ ...reference('Patient/1'), claims: {} }]);
    expect(errorOf(answer)).toMatchObject({ type: 'login' });
  });
});

describe('inputs', () => {
  test('hostile member names do no harm', async () => {
    const definitions = await loadDefinitions('r4');
    const input = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as unknown;
    const resource = resourceOf(definitions, 'Patient', input, 'Mutation.PatientCreate');
    expect(Object.getPrototypeOf(resource)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(resource)).toEqual(['resourceType', '__proto__', 'constructor']);
  });

  test.each([[null], ['text'], [[]], [7]])('%j is no resource', async (input) => {
    const definitions = await loadDefinitions('r4');
    expect(() => resourceOf(definitions, 'Patient', input, 'Mutation.PatientCreate')).toThrow('res must be an object');
  });
});
