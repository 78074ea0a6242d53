import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { isOnDynamoDb, startTestServer, type TestServer } from '../../support/server.js';

/** A server whose index gets what is committed later, as far as `newest` says, and whose clock can be put forward. */
let later: TestServer;
let embedded: TestServer;
let newest: string | undefined;
let clock: number | undefined;
beforeAll(async () => {
  embedded = await startTestServer();
  later = await startTestServer({
    wrap: (each) =>
      Object.assign(each, {
        indexing: 'later',
        index: { ...each.index, newest: () => Promise.resolve(newest) },
        now: () => clock ?? Date.now(),
      }),
  });
});
afterAll(() => Promise.all([embedded.close(), later.close()]));

const indexing = isOnDynamoDb ? 'later' : 'commit';

describe.each(fhirVersions)('$index-lag, %s', (version) => {
  const ask = async (server: TestServer, as = 'practitioner') => {
    const { status, json } = await server.send('GET', `/${version}/$index-lag`, { as });
    const { parameter } = json as unknown as {
      parameter: { name: string; valueInteger?: number; valueCode?: string }[];
    };
    return {
      status,
      told: Object.fromEntries(parameter.map((each) => [each.name, each.valueInteger ?? each.valueCode])),
    };
  };
  const write = async (active: boolean): Promise<string> => {
    const body = { resourceType: 'Patient', id: 'a', active };
    const { json } = await later.send('PUT', `/${version}/Patient/a`, { as: 'practitioner', body });
    return (json as unknown as { meta: { lastUpdated: string } }).meta.lastUpdated;
  };

  test('is 0 where searches see each write when it is answered, to whoever is signed in', async () => {
    expect(await ask(embedded, 'operator')).toEqual({ status: 200, told: { seconds: 0, indexing } });
  });

  test('is the age of the oldest write that is not indexed yet', async () => {
    clock = undefined;
    const first = await write(true);
    const second = await write(false);
    newest = first;
    clock = Date.parse(second) + 3_600_000;
    expect((await ask(later)).told).toEqual({ seconds: 3_600, indexing: 'later' });
    newest = second;
    clock += 10_000; // what was told counts for some seconds
    expect((await ask(later)).told).toEqual({ seconds: 0, indexing: 'later' });
    newest = undefined;
    clock += 10_000;
    expect(Number((await ask(later)).told['seconds'])).toBeGreaterThanOrEqual(3_620);
  });

  test('the capabilities state it', async () => {
    const { json } = await embedded.send('GET', `/${version}/metadata`);
    const { rest } = json as unknown as { rest: { operation: { name: string }[] }[] };
    expect(rest[0]?.operation.map(({ name }) => name)).toContain('index-lag');
  });
});
