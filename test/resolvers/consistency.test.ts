import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { lagging, type LaggingServer } from '../support/lagging.js';
import { type Answer, type GraphqlServer, startGraphqlServer } from './graphql-server.js';

describe.each(fhirVersions)('mutations of %s where searches lag behind', (version) => {
  let graphql: GraphqlServer;
  let lag: LaggingServer;
  beforeAll(async () => {
    graphql = await startGraphqlServer(version, {}, undefined, (server) => (lag = lagging(server)).server);
  });
  afterAll(async () => {
    await lag.close();
    await graphql.close();
  });

  const mutate = (selection: string, consistency?: string): Promise<Answer> =>
    graphql.execute(
      `mutation { ${selection} { information { issue { severity code } } resource { id } } }`,
      {},
      'practitioner',
      consistency === undefined ? {} : { 'x-consistency': consistency },
    );
  const found = async (): Promise<string[]> =>
    (
      (await graphql.execute('{ PatientList(_sort: "_id") { id } }')).data as { PatientList: { id: string }[] }
    ).PatientList.map(({ id }) => id);

  test('are found at once when X-Consistency asks for it, later otherwise, and the response says what was kept', async () => {
    const eventual = await mutate('PatientUpdate(id: "e", res: {})');
    expect(eventual.errors).toEqual([]);
    expect(eventual.headers).toEqual({});
    expect((await mutate('PatientUpdate(id: "e2", res: {})', 'eventual')).headers).toEqual({});
    expect(await found()).toEqual([]);

    const strong = await mutate('PatientUpdate(id: "s", res: {})', 'strong');
    expect(strong.errors).toEqual([]);
    expect(strong.headers).toEqual({ 'X-Consistency': 'strong' });
    expect(await found()).toEqual(['s']);
    expect((await mutate('PatientCreate(res: {})', 'strong')).headers).toEqual({ 'X-Consistency': 'strong' });
    expect(await found()).toHaveLength(2);
    expect((await mutate('PatientDelete(id: "s")', 'strong')).headers).toEqual({ 'X-Consistency': 'strong' });
    expect(await found()).toHaveLength(1);

    await lag.catchUp();
    expect(await found()).toHaveLength(3);
  });

  test('stand when the index cannot be reached: header and information say that searches may see them later', async () => {
    lag.failing = true;
    const answer = await mutate('PatientUpdate(id: "late", res: {})', 'strong');
    lag.failing = false;
    expect(answer.errors).toEqual([]);
    expect(answer.headers).toEqual({ 'X-Consistency': 'eventual' });
    expect(answer.data).toMatchObject({
      PatientUpdate: { information: { issue: [{}, { severity: 'warning', code: 'incomplete' }] } },
    });
    expect((await graphql.execute('{ Patient(id: "late") { id } }')).data).toEqual({ Patient: { id: 'late' } });
  });

  test('with another consistency are refused by name, and nothing is written', async () => {
    const { errors } = await mutate('PatientUpdate(id: "none", res: {})', 'immediate');
    expect(errors).toMatchObject([
      {
        errorType: 'invalid',
        errorInfo: { status: 400, resource: { issue: [{ expression: ['http.X-Consistency'] }] } },
      },
    ]);
    expect((await graphql.execute('{ Patient(id: "none") { id } }')).errors).toMatchObject([
      { errorType: 'not-found' },
    ]);
  });
});
