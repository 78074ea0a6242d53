import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSandbox, type HandlerRun, type Sandbox } from '../../local/appsync/sandbox.js';
import type { Effect } from '../../local/appsync/util/effects.js';
import { bundleResolvers, resolverNames } from '../../resolvers/bundle.mjs';

const folder = mkdtempSync(join(tmpdir(), 'fhir-resolvers-'));
beforeAll(() => bundleResolvers(folder));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const claims = { sub: 's', scope: 'openid profile', 'cognito:groups': ['practitioner'] };

/** What ctx holds in a test; `identity` is a practitioner's unless given. */
interface TestContext {
  readonly field: string;
  readonly parent?: string;
  readonly args?: unknown;
  readonly source?: unknown;
  readonly identity?: unknown;
  readonly headers?: unknown;
  readonly prev?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly stash?: unknown;
  readonly selectionSetList?: readonly string[];
  readonly env?: unknown;
}

/** What `ctx.info.selectionSetGraphQL` is in all of them. */
const text = '{\n  id\n}';

const sandboxes = new Map<string, Sandbox>();

function run(name: string, handler: 'request' | 'response', ctx: TestContext): HandlerRun & { effects: Effect[] } {
  const {
    field,
    parent = 'Query',
    args = {},
    identity = { claims },
    headers = {},
    stash = {},
    env = {},
    selectionSetList = ['id', 'name/family', 'a/b/c', 'a/b/c/d'],
    ...rest
  } = ctx;
  const parts: Readonly<Record<string, unknown>> = {
    arguments: args,
    identity,
    headers,
    stash,
    env,
    selectionSetList,
    ...rest,
  };
  const effects: Effect[] = [];
  const sandbox = sandboxes.get(name) ?? createSandbox(name, readFileSync(join(folder, `${name}.js`), 'utf8'));
  sandboxes.set(name, sandbox);
  const ran = sandbox.run(
    handler,
    {
      fieldName: field,
      parentTypeName: parent,
      failed: ctx.error !== undefined,
      text: (part) => (part === 'selectionSetGraphQL' ? text : part in parts ? JSON.stringify(parts[part]) : 'null'),
    },
    { identity, effect: (effect) => void effects.push(effect) },
  );
  return { ...ran, effects };
}

function valueOf({ ending }: HandlerRun): unknown {
  if (ending.kind !== 'value' && ending.kind !== 'earlyReturn') throw new Error(JSON.stringify(ending));
  return ending.value === undefined ? undefined : JSON.parse(ending.value);
}

const asked = (payload: object): object => ({ operation: 'Invoke', payload: { ...payload, claims } });

/** The requests by resolver: what is asked of the data source. */
const requests: Readonly<Record<string, readonly (readonly [TestContext, unknown])[]>> = {
  read: [[{ field: 'Patient', args: { id: 'p1' } }, {}]],
  'read-current': [
    [
      { field: 'Patient', args: { id: 'p1' } },
      {
        operation: 'GetItem',
        key: { pk: { S: expect.stringContaining('Patient') }, sk: { S: expect.any(String) } },
        consistentRead: true,
      },
    ],
    // What is no id is no key: it goes on without a read.
    [{ field: 'Patient', args: { id: 'p#1' } }, null],
  ],
  'read-by-lambda': [
    [
      { field: 'Patient', args: { id: 'p1' } },
      asked({
        interaction: 'read',
        type: 'Patient',
        id: 'p1',
        field: 'Query.Patient',
        selection: { text, paths: ['id'] },
      }),
    ],
    [{ field: 'Patient', args: { id: 'p1' }, stash: { answered: true }, prev: { result: { id: 'p1' } } }, { id: 'p1' }],
  ],
  list: [
    [
      { field: 'ListList', args: { code: 'x' } },
      asked({
        interaction: 'search',
        shape: 'list',
        type: 'List',
        arguments: { code: 'x' },
        counted: false,
        field: 'Query.ListList',
        selection: { text, paths: ['id'] },
      }),
    ],
  ],
  connection: [
    [
      { field: 'PatientConnection', selectionSetList: ['edges', 'count'] },
      asked({
        interaction: 'search',
        shape: 'connection',
        type: 'Patient',
        arguments: {},
        counted: true,
        field: 'Query.PatientConnection',
        selection: { text, paths: ['edges', 'count'] },
      }),
    ],
  ],
  'reverse-list': [
    [
      { field: 'ObservationList', parent: 'Patient', source: { id: 'p1' }, args: { _reference: 'subject', code: 'x' } },
      asked({
        interaction: 'search',
        shape: 'list',
        type: 'Observation',
        arguments: { code: 'x' },
        referring: { type: 'Patient', id: 'p1', parameter: 'subject' },
        counted: false,
        field: 'Patient.ObservationList',
        selection: { text, paths: ['id'] },
      }),
    ],
  ],
  'reverse-connection': [
    [
      {
        field: 'ObservationConnection',
        parent: 'Patient',
        source: { id: 'p1' },
        args: { _reference: 'subject' },
        selectionSetList: ['edges'],
      },
      asked({
        interaction: 'search',
        shape: 'connection',
        type: 'Observation',
        arguments: {},
        referring: { type: 'Patient', id: 'p1', parameter: 'subject' },
        counted: false,
        field: 'Patient.ObservationConnection',
        selection: { text, paths: ['edges'] },
      }),
    ],
  ],
  reference: [
    [
      {
        field: 'resource',
        parent: 'Reference',
        source: { reference: 'Patient/1' },
        args: { optional: true, type: 'Patient' },
      },
      {
        operation: 'BatchInvoke',
        payload: {
          interaction: 'reference',
          optional: true,
          field: 'Reference.resource',
          selection: { text, paths: ['id'] },
          reference: 'Patient/1',
          type: 'Patient',
          claims,
        },
      },
    ],
  ],
  create: [
    [
      {
        field: 'PatientCreate',
        parent: 'Mutation',
        args: { res: { active: true } },
        headers: { 'x-consistency': 'strong' },
      },
      asked({
        interaction: 'create',
        type: 'Patient',
        resource: { active: true },
        field: 'Mutation.PatientCreate',
        consistency: 'strong',
      }),
    ],
  ],
  update: [
    [
      { field: 'PatientUpdate', parent: 'Mutation', args: { id: 'p1', res: {}, versionId: '3' } },
      asked({
        interaction: 'update',
        type: 'Patient',
        id: 'p1',
        resource: {},
        field: 'Mutation.PatientUpdate',
        versionId: '3',
      }),
    ],
    [
      { field: 'PatientUpdate', parent: 'Mutation', args: { id: 'p1', res: {}, versionId: null } },
      asked({ interaction: 'update', type: 'Patient', id: 'p1', resource: {}, field: 'Mutation.PatientUpdate' }),
    ],
  ],
  delete: [
    [
      { field: 'PatientDelete', parent: 'Mutation', args: { id: 'p1' } },
      asked({ interaction: 'delete', type: 'Patient', id: 'p1', field: 'Mutation.PatientDelete' }),
    ],
    [
      { field: 'PatientDelete', parent: 'Mutation', args: { id: 'p1', versionId: '3' } },
      asked({ interaction: 'delete', type: 'Patient', id: 'p1', field: 'Mutation.PatientDelete', versionId: '3' }),
    ],
    [
      { field: 'PatientDelete', parent: 'Mutation', args: { id: 'p1', versionId: null } },
      asked({ interaction: 'delete', type: 'Patient', id: 'p1', field: 'Mutation.PatientDelete' }),
    ],
  ],
};

/** The resolvers whose response is what the Lambda answered. */
const byLambda = Object.keys(requests).filter((name) => !['read', 'read-current'].includes(name));

describe('the request of', () => {
  const cells = Object.entries(requests).flatMap(([name, cases]) =>
    cases.map(([ctx, request]) => [name, ctx, request] as const),
  );
  test.each(cells)('%s for %j', (name, ctx, request) => {
    expect(valueOf(run(name, 'request', ctx))).toEqual(request);
  });

  test.each(byLambda)('%s names nobody for who did not sign in with a user pool', (name) => {
    const [ctx] = requests[name]?.[0] ?? [];
    const { payload } = valueOf(run(name, 'request', { ...ctx, identity: null } as TestContext)) as { payload: object };
    expect(payload).not.toHaveProperty('claims');
  });

  test.each(['reverse-list', 'reverse-connection'])(
    '%s fails in a resource without id, or inside another one',
    (name) => {
      const ctx = {
        field: 'ObservationList',
        parent: 'Patient',
        args: { _reference: 'subject' },
        selectionSetList: [],
      };
      for (const source of [{}, { id: 'p1', __inside: true }]) {
        expect(run(name, 'request', { ...ctx, source }).ending).toMatchObject({
          kind: 'error',
          error: { errorType: 'not-found' },
        });
      }
    },
  );
});

describe('the response of', () => {
  const outcome = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] };
  test.each(byLambda)('%s is the value the Lambda answered, or its error with FHIR’s issues', (name) => {
    const ctx = { field: 'Patient' };
    expect(valueOf(run(name, 'response', { ...ctx, result: { value: { id: '1' } } }))).toEqual({ id: '1' });
    const info = { status: 404, resource: outcome };
    expect(
      run(name, 'response', { ...ctx, result: { error: { message: 'm', type: 'not-found', info } } }).ending,
    ).toEqual({
      kind: 'error',
      error: { message: 'm', errorType: 'not-found', data: null, errorInfo: info },
    });
    expect(
      run(name, 'response', { ...ctx, result: null, error: { message: 'away', type: 'Lambda:Unhandled' } }).ending,
    ).toMatchObject({
      kind: 'error',
      error: { message: 'away', errorType: 'Lambda:Unhandled' },
    });
    expect(run(name, 'response', { ...ctx, result: null }).ending).toMatchObject({ error: { errorType: 'exception' } });
  });

  test.each(['create', 'update', 'delete'])('%s says in a header which consistency was kept', (name) => {
    const result = { value: { location: 'x', __consistency: 'strong' } };
    expect(run(name, 'response', { field: 'PatientCreate', result }).effects).toEqual([
      { kind: 'responseHeader', name: 'X-Consistency', value: 'strong' },
    ]);
    expect(run(name, 'response', { field: 'PatientCreate', result: { value: { location: 'x' } } }).effects).toEqual([]);
  });

  test('read is what its functions gave', () => {
    expect(valueOf(run('read', 'response', { field: 'Patient', prev: { result: { id: '1' } } }))).toEqual({ id: '1' });
  });

  const item = {
    versionId: 2,
    body: '{"resourceType":"Patient","id":"1","extension":[{"url":"u","valueDecimal":1.50}]}',
  };
  const env = { AUTHORIZATION: 'roles' };
  test('read-current is the resource of an item that decides, decimals with their digits', () => {
    const ran = run('read-current', 'response', { field: 'Patient', result: item, env });
    expect(valueOf(ran)).toEqual({ resourceType: 'Patient', id: '1', extension: [{ url: 'u', valueDecimal: '1.50' }] });
    expect(JSON.parse(ran.stash ?? '')).toEqual({ answered: true });
  });

  test.each<[string, object]>([
    ['nothing is there', { result: null }],
    ['it is deleted', { result: { ...item, deleted: true } }],
    ['it is locked', { result: { ...item, lock: 't' } }],
    ['it is staged', { result: { ...item, versionId: 0 } }],
    ['it has resources inside', { result: { ...item, children: true } }],
    ['its body is elsewhere', { result: { versionId: 2 } }],
    ['it refers to itself', { result: { ...item, body: '{"reference":"#"}' } }],
    ['it is long', { result: { ...item, body: `{"a":"${'x'.repeat(100_000)}"}` } }],
    ['the table failed', { result: null, error: { message: 'x', type: 'DynamoDB:x' } }],
    ['the caller has no claims', { result: item, identity: null }],
    [
      'the caller may read a compartment only',
      { result: item, identity: { claims: { ...claims, 'cognito:groups': ['patient'] } } },
    ],
    ['the caller has no scope', { result: item, identity: { claims: { ...claims, scope: 'email' } } }],
  ])('read-current leaves it to the Lambda when %s', (_, more) => {
    const ran = run('read-current', 'response', { field: 'Patient', env, ...more });
    expect(valueOf(ran)).toBeNull();
    expect(JSON.parse(ran.stash ?? '{}')).toEqual({});
  });
});

test('every resolver of reads, searches, references and mutations is tried here', () => {
  const others = new Set(['on-resource-changed', 'publish-change']);
  expect(resolverNames.filter((name) => !others.has(name)).sort()).toEqual(Object.keys(requests).sort());
});
