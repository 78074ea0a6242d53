import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppSyncRuntime } from '../../local/appsync/create-api.js';
import { type DynamoDbApi, validationError } from '../../local/appsync/data-sources/dynamodb/api.js';
import type { ApiDefinition } from '../../local/appsync/definition.js';
import { serveApi } from '../../local/appsync/serve-api.js';
import { loadApis } from '../../local/appsync/template/load-apis.js';
import { type EmbeddedServers, openServers } from '../../local/compose.js';
import { toAttributes } from '../../persistence/dynamodb/attributes.js';
import type { Table } from '../../persistence/table.js';
import { createResolverHandler } from '../../resolvers/lambda/handler.js';
import { loadApi } from '../../schema/load-api.js';
import { templatesOf } from './support/templates.js';

/** The read that resolvers do by themselves, of a table of the store. */
const getItem = (table: Table): DynamoDbApi => ({
  async send(operation, { Key }) {
    if (operation !== 'GetItem') throw validationError(`Resolvers have no right to ${operation}`);
    const { pk, sk } = Key as { readonly pk: { readonly S: string }; readonly sk: { readonly S: string } };
    const item = await table.get({ pk: pk.S, sk: sk.S });
    return item === undefined ? {} : { Item: toAttributes(item) };
  },
});

const claims = {
  sub: 's1',
  username: 'ann',
  'cognito:groups': ['practitioner'],
  scope: 'openid profile',
  client_id: 'web',
};
const practitioner = { mode: 'AMAZON_COGNITO_USER_POOLS', identity: { sub: 's1', username: 'ann', claims } } as const;

describe('the GraphQL API of the templates, in the runtime of this project', () => {
  let folder: string;
  let stores: EmbeddedServers;
  let definition: ApiDefinition;
  let runtime: AppSyncRuntime;
  const invoked: string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'graphql-templates-'));
    stores = await openServers(folder);
    const [found] = loadApis(templatesOf('production'));
    if (found === undefined) throw new Error('The templates hold no API');
    definition = found;
    const server = stores.servers.stu3;
    const handler = createResolverHandler(server, {
      baseUrl: () => 'https://fhir.example.org/stu3',
      onUnexpected: (failure) => {
        throw failure;
      },
    });
    const served = await serveApi(definition, '/graphql', {
      dynamoDb: getItem(server.table),
      invoke: (name, event) => {
        invoked.push(name);
        return handler(event as Parameters<typeof handler>[0]);
      },
      endpoints: new Map(),
      checkToken: () => Promise.reject(new Error('no token is checked here')),
      accessKeys: new Map(),
      tell: () => undefined,
    });
    runtime = served.runtime;
  });
  afterAll(async () => {
    await stores.close();
    rmSync(folder, { recursive: true });
  });
  const ask = (query: string): ReturnType<AppSyncRuntime['execute']> =>
    runtime.execute({ ...practitioner, query, headers: {} });

  test('has the schema, every resolver of the map once, and the limits of the settings', async () => {
    const map = await loadApi('stu3');
    const places = (resolvers: typeof map.resolvers): string[] =>
      resolvers.map(({ typeName, fieldName }) => `${typeName}.${fieldName}`).sort();
    expect(definition.api.schema).toBe(map.schema);
    expect(places(definition.api.resolvers)).toEqual(places(map.resolvers));
    expect(definition).toMatchObject({
      name: 'fhir-production-stu3',
      introspection: false,
      limits: { maxDepth: 75, maxResolvers: 10_000 },
      environment: { AUTHORIZATION: 'roles+smart', AUDIT: 'on' },
    });
    expect(definition.providers.map(({ mode }) => mode)).toEqual(['AMAZON_COGNITO_USER_POOLS', 'AWS_IAM']);
  });

  test('creates, lists with a search, and follows references', async () => {
    const created = await ask('mutation { PatientCreate(res: { name: [{ family: "Windsor" }] }) { resource { id } } }');
    expect(created.errors).toBeUndefined();
    const { id } = (created.data as { PatientCreate: { resource: { id: string } } }).PatientCreate.resource;
    const observed = await ask(
      `mutation { ObservationCreate(res: { status: "final", code: { text: "weight" }, subject: { reference: "Patient/${id}" } }) { resource { id } } }`,
    );
    expect(observed.errors).toBeUndefined();
    const answer = await ask(
      `{ PatientList(family: "windsor") { id ObservationList(_reference: subject) { subject { resource { ... on Patient { name { family } } } } } } }`,
    );
    expect(answer.errors).toBeUndefined();
    expect(answer.data).toEqual({
      PatientList: [{ id, ObservationList: [{ subject: { resource: { name: [{ family: 'Windsor' }] } } }] }],
    });
    expect(new Set(invoked)).toEqual(
      new Set([definition.functions.map(({ name }) => name).find((name) => /Resolvers/.test(name))]),
    );
  });

  test('lets nobody publish but who is known by IAM', async () => {
    const mutation =
      'mutation { publishChange(type: Patient, id: "1", versionId: "1", action: create, lastUpdated: "2026-01-01T00:00:00Z", compartments: []) { id } }';
    expect((await ask(mutation)).errors?.[0]).toMatchObject({ errorType: 'Unauthorized' });
  });
});
