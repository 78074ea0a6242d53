import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fhirVersions } from '../../fhir/version.js';
import { importFiles } from '../../local/load/import-files.js';
import { findInputFiles } from '../../local/load/input-file.js';
import { LoadReport } from '../../local/load/report.js';
import { startTestServer, type TestServer } from '../support/server.js';

// `npm run load -- --import`: the server reads the files itself.

const folder = mkdtempSync(join(tmpdir(), 'load-import-'));
const allowed = join(folder, 'allowed');
let server: TestServer;
beforeAll(async () => {
  mkdirSync(allowed);
  server = await startTestServer({ jobs: { importSources: [`${pathToFileURL(allowed).href}/`] } });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

test.each(fhirVersions)('NDJSON files of %s are imported; what is wrong is told by file and line', async (version) => {
  const lines = (type: string, count: number): string =>
    Array.from({ length: count }, (_, at) => `{"resourceType":"${type}","id":"l${String(at)}"}\n`).join('');
  const inside = join(allowed, version);
  mkdirSync(inside);
  writeFileSync(
    join(inside, 'Patient.ndjson'),
    `${lines('Patient', 30)}{"resourceType":"Patient","id":"x","gender":1}\n`,
  );
  writeFileSync(join(inside, 'Basic.json'), '{"resourceType":"Basic"}');
  writeFileSync(join(inside, 'nothing.ndjson'), '\n');
  writeFileSync(join(inside, 'letters.ndjson'), 'letters\n');
  const report = new LoadReport();
  const target = { base: server.base(version), token: 'practitioner' };
  const files = async (path: string) => (await findInputFiles([path])).map((file) => ({ file, version }));
  const options = { target, report, onProgress: () => undefined, every: 5 };
  const done = await importFiles(version, await files(inside), options);
  expect(done?.resources).toBe(30);
  expect(report.failures.map(({ file, place }) => `${file}: ${place}`).sort()).toEqual([
    'Basic.json: the file',
    'Patient.ndjson: line 31',
    'letters.ndjson: the file',
    'nothing.ndjson: the file',
  ]);
  expect((await server.send('GET', `/${version}/Patient?_summary=count`)).json.total).toBe(30);

  const outside = join(folder, `${version}.ndjson`);
  writeFileSync(outside, lines('Patient', 1));
  const refused = new LoadReport();
  expect(await importFiles(version, await files(outside), { ...options, report: refused })).toBeUndefined();
  expect(refused.failures).toMatchObject([{ status: '400', reasons: [expect.stringContaining('IMPORT_SOURCES')] }]);
});
