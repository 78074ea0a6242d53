import { describe, expect, test } from '@jest/globals';
import { type FhirVersion, fhirVersions } from '../../fhir/version.js';
import type { FhirServer } from '../../interactions/server.js';
import type { EmbeddedServer } from '../../local/compose.js';
import { isOnDynamoDb, startTestServer, type TestResponse, type TestServer } from '../support/server.js';
import { limitedCallers } from './callers.js';
import { oracleRequests, type OracleRequest } from './oracles.js';
import { type Recorded, recordOf } from './record.js';
import { restCells } from './rest-cells.js';

// What a caller may not see does not interfere with what they are told: two servers, one of which lacks all that is hidden from the
// caller, answer the same to the last character. So no count, order, status, header or refusal tells of it. LEAKS=all asks
// about everything, as every caller here, by the cells of the matrix as well (two minutes).

/** A server on which a part of the record is stored, whose clock and new ids are the test's. */
interface World {
  readonly server: TestServer;
  now: number;
  ids: number;
}

/** Resources were stored in the past, so that histories tell of them; what is written while a caller asks is of a later time. */
const past = Date.UTC(2025, 0, 1);
const later = Date.UTC(2035, 0, 1);

/** Documents of both patients, for what is asked of documents; that of p1 refers to what is p2's. */
function documentsOf(version: FhirVersion): readonly Recorded[] {
  const of = (patient: 'p1' | 'p2', section: string): Recorded[] => {
    const subject = { reference: `Patient/${patient}` };
    const type = { text: `secret-of-${patient}` };
    const author = [{ reference: 'Practitioner/x' }];
    const composition = { status: 'final', type, subject, author, date: '2020-01-01', title: `secret-of-${patient}` };
    const content = [{ attachment: { contentType: 'text/plain', url: `https://x.example/${patient}` } }];
    const indexed = version === 'stu3' ? { indexed: '2020-01-01T00:00:00Z' } : {};
    return [
      ['Composition', { ...composition, section: [{ title: 'x', entry: [{ reference: section }] }] }] as const,
      ['DocumentReference', { status: 'current', type, subject, content, ...indexed }] as const,
    ].map(([resourceType, resource]) => {
      const id = `${resourceType.toLowerCase()}-${patient}`;
      return { type: resourceType, id, patient, versions: [{ resourceType, id, ...resource }] };
    });
  };
  return [...of('p1', 'Observation/lab-p2'), ...of('p2', 'Observation/lab-p2')];
}

/** @param change what this world's server has otherwise than it should. */
async function worldOf(
  version: FhirVersion,
  isThere: (resource: Recorded) => boolean,
  change: (own: EmbeddedServer) => Partial<FhirServer> = () => ({}),
): Promise<World> {
  const times = { now: past, ids: 0 };
  const server = await startTestServer({
    authorization: 'roles+smart',
    principals: Object.fromEntries(Object.entries(limitedCallers).map(([name, { principal }]) => [name, principal])),
    wrap: (own: EmbeddedServer) => ({
      ...own,
      ...change(own),
      now: () => times.now,
      newId: () => `new-${String((times.ids += 1))}`,
    }),
  });
  for (const [place, each] of [...recordOf(version), ...documentsOf(version)].entries()) {
    for (const [at, body] of (isThere(each) ? each.versions : []).entries()) {
      times.now = past + place * 10_000 + at * 1_000;
      const { status, text } = await server.send('PUT', `/${version}/${each.type}/${each.id}`, { body });
      if (status >= 300) {
        await server.close();
        throw new Error(text);
      }
    }
  }
  return Object.assign(times, { server });
}

const headersTold = [
  'allow',
  'content-location',
  'content-type',
  'etag',
  'last-modified',
  'link',
  'location',
  'retry-after',
  'www-authenticate',
  'x-security-context',
];

/** What an answer says, without the ports of the servers, the moment it was made at, and what is sealed by chance. */
function shown({ status, headers, text }: TestResponse, port: number): string {
  const kept = headersTold.flatMap((name) =>
    headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}`],
  );
  return [String(status), ...kept, text]
    .join('\n')
    .replaceAll(`:${String(port)}/`, ':port/')
    .replace(/"lastUpdated":"(?!2025-|2035-)[^"]*"/g, '"lastUpdated":"now"')
    .replace(/([?&]_page=)[\w-]+/g, '$1sealed');
}

async function told(world: World, version: FhirVersion, as: string, request: OracleRequest, at: number) {
  const { method, path, headers = {}, body } = request;
  world.now = (['GET', 'HEAD'].includes(method) ? past : later) + 1_000_000 + at * 1_000;
  world.ids = at * 100;
  const sent = { as, headers, ...(body === undefined ? {} : { body }) };
  return shown(await world.server.send(method, `/${version}/${path}`, sent), world.server.port);
}

const asksAll = process.env['LEAKS'] === 'all';

function callerNamed(name: string) {
  const found = limitedCallers[name];
  if (found === undefined) throw new Error(`no caller ${name}`);
  return found;
}

/** What is answered otherwise where nothing hidden is. */
async function differences(version: FhirVersion, as: string, [one, other]: readonly [World, World], most: number) {
  const { sees } = callerNamed(as);
  const hidden = recordOf(version).filter((each) => !sees(each));
  const { definitions } = one.server.servers[version];
  const asked = new Set<string>();
  const found: string[] = [];
  // The last of each record stand for those before them: another patient's, and what was once this one's.
  for (const target of asksAll ? hidden : hidden.slice(-most)) {
    const cells = asksAll ? restCells(definitions, target) : [];
    for (const request of [...oracleRequests(definitions, target), ...cells]) {
      const { method, path, headers, body } = request;
      const key = JSON.stringify([method, path, headers, body]);
      if (asked.has(key) || path === 'metadata') continue;
      asked.add(key);
      const answers = await Promise.all([one, other].map((world) => told(world, version, as, request, asked.size)));
      if (answers[0] !== answers[1]) found.push([key, ...answers].join('\n'));
    }
  }
  return found;
}

const ofOnePatient = 'patient/Patient.rs patient/Observation.cruds?category=laboratory';
const callers: Readonly<Record<FhirVersion, readonly (readonly [string, number])[]>> = {
  r4: [
    ['patient/*.cruds', 2],
    [ofOnePatient, 1],
    ['patient', 1],
    ['auditor', 1],
    ['system/Observation.rs?category=laboratory', 1],
    ...(asksAll ? [['user/Patient.rs of a practitioner', 1] as const, ['system/Coverage.cruds', 1] as const] : []),
  ],
  stu3: [
    ['patient/*.cruds', 1],
    [ofOnePatient, 1],
  ],
};

(isOnDynamoDb ? describe.skip : describe).each(fhirVersions)(
  '%s: nothing that is hidden interferes with the answers to',
  (version) => {
    test.each(callers[version])('%s', async (as, most) => {
      const { sees } = callerNamed(as);
      const worlds = await Promise.all([worldOf(version, () => true), worldOf(version, (each) => sees(each))] as const);
      try {
        expect(await differences(version, as, worlds, most)).toEqual([]);
      } finally {
        await Promise.all(worlds.map(({ server }) => server.close()));
      }
    });
  },
);

(isOnDynamoDb ? describe.skip : describe)('who may see one record', () => {
  const as = 'patient/*.cruds';
  const { sees } = callerNamed(as);

  test('would be told more where the index counted without looking at who asks', async () => {
    const counting = ({ index }: EmbeddedServer): Partial<FhirServer> => ({
      index: { ...index, count: (query) => index.count({ ...query, access: { kind: 'everything' } }) },
    });
    const worlds = [await worldOf('r4', () => true, counting), await worldOf('r4', sees)] as const;
    expect((await differences('r4', as, worlds, 1)).length).toBeGreaterThan(10);
    await Promise.all(worlds.map(({ server }) => server.close()));
  });

  test('learns that an id is taken by writing their own content under it, and nothing more', async () => {
    const world = await worldOf('r4', () => true);
    const own = { resourceType: 'Observation', status: 'final', code: { text: 'own' } };
    const answers = await Promise.all(
      ['pulse-p2', 'free'].map((id) => {
        const body = { ...own, id, subject: { reference: 'Patient/p1' } };
        return world.server.send('PUT', `/r4/Observation/${id}`, { as, body });
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual([403, 201]);
    expect(answers[0]?.text).not.toMatch(/pulse|p2|version/);
    await world.server.close();
  });
});
