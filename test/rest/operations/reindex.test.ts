import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { type AnswerJson, startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

describe.each(fhirVersions)('$reindex, %s', (version) => {
  const root = `/${version}`;
  const ids = async (url: string): Promise<(string | undefined)[]> =>
    ((await server.send('GET', url)).json.entry as AnswerJson['entry'] | undefined)?.map(
      ({ resource }) => resource?.id,
    ) ?? [];

  beforeAll(async () => {
    for (let at = 0; at < 30; at += 1) {
      const id = `r${String(at)}`;
      const body = { resourceType: 'Patient', id, name: [{ family: at % 2 === 0 ? 'Even' : 'Odd' }] };
      await server.send('PUT', `${root}/Patient/${id}`, { body });
    }
    await server.send('DELETE', `${root}/Patient/r29`);
  });

  test('makes the index anew: searches find what they found, and pages go on where they were', async () => {
    const before = await ids(`${root}/Patient?name=even&_count=100`);
    expect(before).toHaveLength(15);
    const page = await server.send('GET', `${root}/Patient?_count=10`);
    const next = page.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    const second = await ids(next);
    const { status, json } = await server.send('POST', `${root}/$reindex`, { as: 'operator' });
    const parameters = (json as unknown as { parameter: object[] }).parameter;
    expect([status, parameters]).toEqual([
      200,
      [
        { name: 'resources', valueInteger: 29 },
        { name: 'deleted', valueInteger: 1 },
      ],
    ]);
    expect(await ids(`${root}/Patient?name=even&_count=100`)).toEqual(before);
    expect(await ids(next)).toEqual(second);
    expect(await ids(`${root}/Patient?_id=r29`)).toEqual([]);
  });

  test('goes on beside reads and writes', async () => {
    const rebuilt = server.send('POST', `${root}/$reindex`, { as: 'operator' });
    const writes = Array.from({ length: 20 }, async (_, at) => {
      const id = `r${String(at)}`;
      const body = { resourceType: 'Patient', id, name: [{ family: 'Moved' }] };
      await server.send('PUT', `${root}/Patient/${id}`, { body });
      expect(await ids(`${root}/Patient?name=moved&_id=${id}`)).toEqual([id]);
    });
    await Promise.all([rebuilt, ...writes]);
    expect(await ids(`${root}/Patient?name=moved&_count=100`)).toHaveLength(20);
    expect(await ids(`${root}/Patient?name=even&_count=100`)).toHaveLength(5);
  });

  test('is for operators, by POST, and they see no resources', async () => {
    expect((await server.send('POST', `${root}/$reindex`)).status).toBe(403);
    expect((await server.send('POST', `${root}/$reindex`, { as: 'patient-1' })).status).toBe(403);
    expect((await server.send('GET', `${root}/$reindex`, { as: 'operator' })).status).toBe(405);
    expect((await server.send('GET', `${root}/Patient/r1`, { as: 'operator' })).status).toBe(403);
  });

  test('twice at the same time is a conflict', async () => {
    const answers = await Promise.all([0, 1].map(() => server.send('POST', `${root}/$reindex`, { as: 'operator' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });
});
