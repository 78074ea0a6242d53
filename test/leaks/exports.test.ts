import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { ended, kickOff, linesOf, type Manifest } from '../support/jobs.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { limitedCallers } from './callers.js';
import { type Recorded, recordOf, secretOf } from './record.js';

// Every role and kind of scope × every export: what is in the files is theirs, the deletions told among it.

let server: TestServer;
beforeAll(async () => {
  const principals = Object.fromEntries(
    Object.entries(limitedCallers).map(([name, { principal }]) => [name, principal]),
  );
  const limits = { mostOfCaller: 1_000, mostOfAll: 1_000 };
  server = await startTestServer({ authorization: 'roles+smart', principals, jobs: { limits } });
  for (const version of fhirVersions) {
    for (const { type, id, versions } of recordOf(version)) {
      for (const content of versions) {
        const body = { ...content, resourceType: type, id };
        const { status, text } = await server.send('PUT', `/${version}/${type}/${id}`, { body });
        if (status >= 300) throw new Error(text);
      }
    }
  }
});
afterAll(async () => {
  await server.close();
  expect(server.logged).toEqual([]);
});

const paths = ['$export', 'Patient/$export', '$export?_since=2000-01-01T00:00:00Z&_elements=id,meta'];

// Who may do what is decided alike for both versions; what is in whose compartment differs.
const asked = {
  r4: Object.keys(limitedCallers),
  stu3: ['patient', 'auditor', 'system/Observation.rs?category=laboratory'],
};

for (const version of fhirVersions) {
  test.each(asked[version])(`${version}: %s gets by exports what they may see, and nothing else`, async (as) => {
    const caller = limitedCallers[as];
    if (caller === undefined) throw new Error(`no caller ${as}`);
    const record = recordOf(version);
    const isSeen = (resource: Recorded): boolean => caller.sees(resource);
    for (const path of paths) {
      const job = await kickOff(server, version, path, { as });
      if (job.answer.status === 403) continue;
      const { output, deleted } = JSON.parse((await ended(job)).text) as Manifest;
      const told = [...(await linesOf(job, output)), ...(await linesOf(job, deleted))];
      const text = JSON.stringify(told);
      const ids = new Set(told.map(({ resourceType, id }) => `${resourceType}/${id}`));
      for (const resource of record.filter((each) => !isSeen(each))) {
        expect([path, text.includes(secretOf(resource)), ids.has(`${resource.type}/${resource.id}`)]).toEqual([
          path,
          false,
          false,
        ]);
      }
    }
  });

  test(`${version}: who may see everything gets all of it`, async () => {
    const job = await kickOff(server, version, '$export');
    const { output } = JSON.parse((await ended(job)).text) as Manifest;
    const text = JSON.stringify(await linesOf(job, output));
    for (const resource of recordOf(version)) expect(text).toContain(secretOf(resource));
  });
}
