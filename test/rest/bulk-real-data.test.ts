import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { fileOf, kickOff, manifestOf } from '../support/jobs.js';
import { type AnswerJson, entriesOf, startTestServer, type TestServer } from '../support/server.js';

// Real records, the demo's patient and, with SYNTHEA_R4 or SYNTHEA_STU3, the bundles of that folder: an export is what
// searches find, and imported elsewhere it is the same again.

const folder = `${mkdtempSync(join(tmpdir(), 'bulk-'))}/`;
const jobs = { importSources: [pathToFileURL(folder).href] };
let source: TestServer;
let target: TestServer;
beforeAll(async () => {
  source = await startTestServer();
  target = await startTestServer({ jobs });
});
afterAll(async () => {
  await Promise.all([source.close(), target.close()]);
  rmSync(folder, { recursive: true });
});

const bundles = (version: FhirVersion): (string | URL)[] => {
  const more = process.env[`SYNTHEA_${version.toUpperCase()}`];
  const names = more === undefined ? [] : readdirSync(more).filter((name) => name.endsWith('.json'));
  // Patients refer to hospitals and practitioners by their identifiers.
  names.sort((a, b) => Number(b.includes('Information')) - Number(a.includes('Information')));
  return [new URL(`../../demo/${version}.json`, import.meta.url), ...names.map((name) => join(more ?? '', name))];
};

/** By type the resources of an export, as JSON text, sorted. */
async function exportOf(server: TestServer, version: FhirVersion): Promise<Map<string, readonly string[]>> {
  const job = await kickOff(server, version, '$export');
  const { output } = await manifestOf(job);
  const found = new Map<string, string[]>();
  for (const { type, url } of output) {
    const { text } = await fileOf(job, url);
    found.set(type, [...(found.get(type) ?? []), ...text.split('\n').slice(0, -1)].sort());
  }
  return found;
}

async function searched(version: FhirVersion, type: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let url: string | undefined = `/${version}/${type}?_count=500`; url !== undefined;) {
    const { json } = await source.send('GET', url);
    found.push(...entriesOf(json).map(({ resource }) => JSON.stringify(resource)));
    url = json.link.find(({ relation }) => relation === 'next')?.url;
  }
  return found.sort();
}

const parsed = (lines: readonly string[]): string[] => lines.map((line) => JSON.stringify(JSON.parse(line))).sort();
/** A line without what the server says of its version. */
const content = (line: string): string => {
  const { meta, ...rest } = JSON.parse(line) as AnswerJson;
  const { versionId, lastUpdated, ...kept } = meta;
  expect([versionId, Number.isNaN(Date.parse(lastUpdated))]).toEqual([expect.any(String), false]);
  return JSON.stringify({ ...rest, meta: kept });
};

describe.each(fhirVersions)('%s', (version) => {
  test(
    'an export is what searches find, and an import of it into an empty server is the same again',
    async () => {
      for (const file of bundles(version)) {
        const body = readFileSync(file, 'utf8');
        const { status, text } = await source.send('POST', `/${version}`, {
          body,
          headers: { 'content-type': 'application/fhir+json' },
        });
        if (status !== 200) throw new Error(text);
      }
      const all = await exportOf(source, version);
      expect(all.size).toBeGreaterThan(5);
      for (const [type, lines] of all) expect([type, parsed(lines)]).toEqual([type, await searched(version, type)]);

      const parameter = [...all].map(([type, lines]) => {
        const path = join(folder, `${version}-${type}.ndjson`);
        writeFileSync(path, `${lines.join('\n')}\n`);
        const url = { name: 'url', valueUri: pathToFileURL(path).href };
        return { name: 'input', part: [{ name: 'type', valueCode: type }, url] };
      });
      const format = { name: 'inputFormat', valueCode: 'application/fhir+ndjson' };
      const from = { name: 'inputSource', valueUri: source.base(version) };
      const body = { resourceType: 'Parameters', parameter: [format, from, ...parameter] };
      const { output, error } = await manifestOf(await kickOff(target, version, '$import', { body }));
      expect(error).toEqual([]);
      expect(output.map(({ count }) => count)).toEqual([...all.values()].map(({ length }) => length));
      const again = await exportOf(target, version);
      expect([...again.keys()]).toEqual([...all.keys()]);
      for (const [type, lines] of again) {
        expect([type, lines.map(content).sort()]).toEqual([type, (all.get(type) ?? []).map(content).sort()]);
      }
    },
    bundles(version).length * 60_000,
  ); // however many a folder has
});
