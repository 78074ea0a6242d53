import { expect, test } from '@jest/globals';
import type { Table } from '../../persistence/table.js';
import { startGraphqlServer } from './graphql-server.js';

/** The table as if its bodies were kept elsewhere. */
const withoutBodies = (table: Table): Table => ({
  ...table,
  get: async (key) => {
    const item = await table.get(key);
    if (item === undefined) return undefined;
    const { body, ...envelope } = item;
    return { ...envelope, overflow: body === undefined ? '' : '1/commit' };
  },
});

test('a resource whose body is not in its item is left to the Lambda', async () => {
  const graphql = await startGraphqlServer('r4', {}, withoutBodies);
  try {
    const created = await graphql.execute('mutation { PatientCreate(res: { gender: "female" }) { resource { id } } }');
    const id = (created.data as { PatientCreate: { resource: { id: string } } }).PatientCreate.resource.id;
    const answer = await graphql.execute(`{ Patient(id: "${id}") { gender } }`);
    expect(answer).toMatchObject({ data: { Patient: { gender: 'female' } }, errors: [] });
    expect(graphql.invocations.at(-1)).toMatchObject({ interaction: 'read', type: 'Patient', id });
  } finally {
    await graphql.close();
  }
});
