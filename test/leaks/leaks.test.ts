import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AskedInteraction, Authorizer } from '../../auth/authorizer.js';
import { everything } from '../../auth/access.js';
import type { FhirVersion } from '../../fhir/version.js';
import { fhirVersions } from '../../fhir/version.js';
import type { FhirServer } from '../../interactions/server.js';
import { keyText } from '../../fhir/resource.js';
import { bundleResolvers } from '../../resolvers/bundle.mjs';
import { principals, startTestServer, type TestServer } from '../support/server.js';
import { limitedCallers } from './callers.js';
import { type Faces, facesOf, leaksIn } from './look-for-leaks.js';
import { type Recorded, secretOf } from './record.js';

// Every role and kind of scope × every kind of route and resolver × every path to what they may not see. The cells come
// from the routes' table, the operations and the schema; that they have teeth is shown below them.

const folder = mkdtempSync(join(tmpdir(), 'leaks-'));
const tokens = Object.fromEntries(Object.entries(limitedCallers).map(([name, { principal }]) => [name, principal]));
let server: TestServer;
let faces: Readonly<Record<FhirVersion, Faces>>;

beforeAll(async () => {
  await bundleResolvers(folder);
  server = await startTestServer({ authorization: 'roles+smart', principals: tokens });
  faces = { r4: await facesOf(server, 'r4', folder), stu3: await facesOf(server, 'stu3', folder) };
  for (const version of fhirVersions) await faces[version].fill();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  expect(server.logged).toEqual([]);
});

const versionsOf = async (version: FhirVersion, resources: readonly Recorded[]): Promise<string[]> =>
  (await server.servers[version].store.readMany(resources)).map((found) =>
    found === undefined ? 'none' : `${keyText(found)} ${String(found.versionId)}`,
  );

const callerNamed = (name: string) => {
  const found = limitedCallers[name];
  if (found === undefined) throw new Error(`no caller ${name}`);
  return found;
};

/** Sees a part of p1's record only: the rest of it is as foreign as p2's. */
const ofOnePatient = 'patient/Patient.rs patient/Observation.cruds?category=laboratory';

/** The callers who are asked about everything; for the others two resources stand for all, other ones for each. */
const thorough = ['patient/*.cruds', ofOnePatient];

/** The one record is to the other as the other to it: p2's stands for both. */
function targetsFor(name: string, hidden: readonly Recorded[]): readonly Recorded[] {
  const candidates = hidden.filter(
    ({ patient, type }) => patient !== 'p1' || (name === ofOnePatient && type === 'Observation'),
  );
  if (thorough.includes(name)) return candidates;
  const place = Object.keys(limitedCallers).indexOf(name);
  return candidates.filter((_, i) => (i + place) % candidates.length < 2);
}

/** What a caller is told of what they may not see, or does to it. */
async function leaksOf(version: FhirVersion, name: string): Promise<string[]> {
  const { principal, sees } = callerNamed(name);
  const { record, ask } = faces[version];
  const hidden = record.filter((resource) => !sees(resource));
  const targets = targetsFor(name, hidden);
  const before = await versionsOf(version, hidden);
  const leaks: string[] = [];
  const asked = new Set<string>();
  for (const target of targets)
    leaks.push(...leaksIn(await ask({ token: name, principal }, target, { asked }), record, sees));
  expect(await versionsOf(version, hidden)).toEqual(before);
  return leaks;
}

describe('R4 tells and lets change nothing that is not theirs:', () => {
  test.each(Object.keys(limitedCallers))('%s', async (name) => {
    expect(await leaksOf('r4', name)).toEqual([]);
  });
});

// Who may do what is decided alike for both versions; what leads where differs.
describe('STU3 tells and lets change nothing that is not theirs:', () => {
  test.each([ofOnePatient, 'patient', 'auditor', 'system/Observation.rs?category=laboratory'])('%s', async (name) => {
    expect(await leaksOf('stu3', name)).toEqual([]);
  });
});

describe.each(fhirVersions)('the cells of %s', (version) => {
  test('show who may see everything what they lead to, by every kind that reads', async () => {
    const practitioner = principals['practitioner'];
    if (practitioner === undefined) throw new Error('no practitioner');
    const { record, ask, fill } = faces[version];
    const target = record.find(({ id }) => id === 'lab-p2');
    if (target === undefined) throw new Error('no target');
    const answers = await ask({ token: 'practitioner', principal: practitioner }, target);
    await fill();
    const telling = new Set(answers.filter(({ text }) => text.includes(secretOf(target))).map(({ kind }) => kind));
    for (const kind of ['read', 'vread', 'history', 'search', 'search-by-post', 'bundle', 'operation'])
      expect([...telling]).toContain(`rest ${kind}`);
    for (const code of [
      'read',
      'list',
      'connection',
      'reverse-list',
      'reverse-connection',
      'reference',
      'on-resource-changed',
    ]) {
      expect([...telling]).toContain(`graphql ${code}`);
      if (code === 'on-resource-changed') continue;
      expect([...telling]).toContain(`rest $graphql ${code}`);
    }
    const writing = new Set(answers.filter(({ wrote }) => wrote).map(({ kind }) => kind));
    for (const kind of ['create', 'update', 'patch', 'delete', 'conditional-update', 'bundle', 'operation'])
      expect([...writing]).toContain(`rest ${kind}`);
  });
});

describe('with one filter taken away, leaks are found:', () => {
  /** The authorization without the limits of one interaction. */
  const without = (authorizer: Authorizer, interaction: AskedInteraction): Authorizer => ({
    authorize(principal, asked, type) {
      const access = authorizer.authorize(principal, asked, type);
      return asked === interaction ? everything : access;
    },
  });

  const taken: Readonly<Partial<Record<AskedInteraction, readonly string[]>>> = {
    read: ['rest read', 'graphql read', 'graphql reference', 'rest $graphql read', 'rest $graphql reference'],
    vread: ['rest vread'],
    search: [
      'rest search',
      'rest search-by-post',
      'rest bundle',
      'rest operation',
      'graphql list',
      'graphql connection',
      'graphql reverse-list',
      'graphql reverse-connection',
      'rest $graphql list',
      'rest $graphql reverse-list',
    ],
    history: ['rest history'],
    'history-type': ['rest history', 'graphql on-resource-changed'],
    create: ['rest create', 'graphql create'],
    update: ['rest update', 'graphql update'],
    patch: ['rest patch'],
    delete: ['rest delete', 'graphql delete'],
  };

  /** The kinds of cells that leak while a part of the R4 server is another one. */
  async function leakingWith(
    change: Partial<FhirServer>,
    kinds: readonly string[],
    name = 'patient/*.cruds',
    id = 'pulse-p2',
  ): Promise<readonly string[]> {
    const r4 = server.servers.r4;
    const { authorizer, index } = r4;
    const { principal, sees } = callerNamed(name);
    const { record, ask, fill } = faces.r4;
    const target = record.find((each) => each.id === id);
    if (target === undefined) throw new Error('no target');
    Object.assign(r4, change);
    try {
      const leaks = leaksIn(await ask({ token: name, principal }, target, { kinds }), record, sees);
      return [...new Set(leaks.map((leak) => leak.slice(0, leak.indexOf(':'))))];
    } finally {
      Object.assign(r4, { authorizer, index });
      await fill();
    }
  }

  test.each(Object.keys(taken) as AskedInteraction[])('that of %s', async (interaction) => {
    const open = { authorizer: without(server.servers.r4.authorizer, interaction) };
    const kinds = taken[interaction] ?? [];
    const leaking = [
      ...(await leakingWith(open, kinds)),
      ...(await leakingWith(open, kinds, ofOnePatient, 'pulse-p1')),
    ];
    expect([...new Set(leaking)].sort()).toEqual([...kinds].sort());
  });

  test('that of counting in the index', async () => {
    const { index } = server.servers.r4;
    const counting = {
      ...index,
      count: (query: Parameters<typeof index.count>[0]) => index.count({ ...query, access: { kind: 'everything' } }),
    };
    expect(await leakingWith({ index: counting }, ['rest search'])).toEqual(['rest search']);
  });
});
