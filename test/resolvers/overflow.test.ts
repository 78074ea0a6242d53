import { expect, test } from '@jest/globals';
import type { Item, Table } from '../../persistence/table.js';
import { startGraphqlServer } from './graphql-server.js';

/** The table as if its bodies were kept elsewhere. */
const withoutBodies = (table: Table): Table => ({
  ...table,
  get: async (key) => {
    const item = await table.get(key);
    if (item === undefined) return undefined;
    const { body, ...envelope } = item;
    return { ...envelope, overflow: `1/${String(body).length}` } as Item;
  },
});

test('a resource whose body is not in its item is left to the Lambda', async () => {
  const graphql = await startGraphqlServer('r4', {}, withoutBodies);
  try {
    const created = await graphql.execute('mutation { PatientCreate(res: { gender: "female" }) { resource { id } } }');
    const id = (created.data as { PatientCreate: { resource: { id: string } } }).PatientCreate.resource.id;
    const { data, errors } = await graphql.execute(`{ Patient(id: "${id}") { gender } }`);
    expect([data, errors]).toEqual([{ Patient: { gender: 'female' } }, []]);
    expect(graphql.invocations.at(-1)).toMatchObject({ interaction: 'read', type: 'Patient', id });
  } finally {
    await graphql.close();
  }
});
