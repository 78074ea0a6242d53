import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyText } from '../../fhir/resource.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import type { FhirServer } from '../../interactions/server.js';
import { standardTenancy } from '../../interactions/tenancy.js';
import { bundleResolvers } from '../../resolvers/bundle.mjs';
import { principals, startTestServer, type TestServer } from '../support/server.js';
import { tenant } from '../support/tenant.js';
import { type Faces, facesOf, leaksIn } from './look-for-leaks.js';
import { type Recorded, secretOf } from './record.js';

// Every kind of route and resolver × every path to another tenant's resources, for who may do everything in their own. The
// cells come from the routes' table, the operations and the schema; that they have teeth is shown below them.

const [a, b, c] = [tenant('a'), tenant('b'), tenant('c')];
const folder = mkdtempSync(join(tmpdir(), 'leaks-of-tenants-'));
let server: TestServer;
let faces: Readonly<Record<FhirVersion, Faces>>;
const serverOf = (version: FhirVersion, of: typeof a): FhirServer => server.servers[version].ofTenant(of);

beforeAll(async () => {
  await bundleResolvers(folder);
  server = await startTestServer({ authorization: 'roles+smart', tenancy: standardTenancy });
  const open = (version: FhirVersion): Promise<Faces> =>
    facesOf(server, version, folder, { ...standardTenancy, owner: a, ofTenant: server.servers[version].ofTenant });
  faces = { r4: await open('r4'), stu3: await open('stu3') };
  for (const version of fhirVersions) await faces[version].fill();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  expect(server.logged).toEqual([]);
});

/** The same place with another content: what B stores under the ids of A's tells nothing of A. */
const ofB = (target: Recorded): Recorded => ({
  ...target,
  versions: JSON.parse(JSON.stringify(target.versions).replaceAll('secret-of-', 'other-of-')) as object[],
});

const callerOf = (name: string, of: typeof a) => {
  const principal = principals[name];
  if (principal === undefined) throw new Error(`no principal ${name}`);
  return { token: `${name}@${of}`, principal, tenant: of };
};

/** Those that stand for all: a resource of a record, with what refers to it and what it refers to, and whose record it is. */
const some = ['lab-p2', 'p2'];

/** What a caller of another tenant is told of A's resources: secrets, ids that were not asked for, and counts. */
async function leaksOf(
  version: FhirVersion,
  as: ReturnType<typeof callerOf>,
  ids?: readonly string[],
): Promise<string[]> {
  const { record, ask } = faces[version];
  const asked = new Set<string>();
  const leaks: string[] = [];
  for (const target of record.filter(({ id }) => ids?.includes(id) ?? true)) {
    const answers = await ask(as, ofB(target), { asked, writing: false });
    leaks.push(...leaksIn(answers, record, () => false));
    for (const { kind, request, text } of answers) {
      const told = record.filter(({ id }) => !request.includes(id) && text.includes(`"${id}"`));
      leaks.push(...told.map(({ id }) => `${kind}: ${request} tells the id ${id}`));
    }
  }
  return leaks;
}

const versionsOf = async (version: FhirVersion): Promise<string[]> =>
  (await serverOf(version, a).store.readMany(faces[version].record)).map((found) =>
    found === undefined ? 'none' : `${keyText(found)} ${String(found.versionId)}`,
  );

describe.each(fhirVersions)('%s: another tenant', (version) => {
  test('is told nothing', async () => {
    expect(await leaksOf(version, callerOf('practitioner', b), version === 'r4' ? undefined : some)).toEqual([]);
  });

  test('is told nothing where they run the server', async () => {
    expect(await leaksOf(version, callerOf('operator', b), ['lab-p2'])).toEqual([]);
  });

  test('changes nothing, and is told nothing while they write', async () => {
    const before = await versionsOf(version);
    const { record, ask } = faces[version];
    for (const target of record.filter(({ id }) => some.includes(id))) {
      const answers = await ask(callerOf('practitioner', b), ofB(target), { writing: true });
      expect(leaksIn(answers, record, () => false).filter((leak) => !/ writes$/.test(leak))).toEqual([]);
      expect(answers.some(({ wrote }) => wrote)).toBe(true); // what is their own
    }
    expect(await versionsOf(version)).toEqual(before);
  });
});

test('the cells lead somewhere: who may see everything of their own tenant is told of it by every kind that reads', async () => {
  const { record, ask } = faces.r4;
  const target = record.find(({ id }) => id === 'lab-p2');
  if (target === undefined) throw new Error('no target');
  const answers = await ask(callerOf('practitioner', a), target, { writing: false });
  const telling = [...new Set(answers.filter(({ text }) => text.includes(secretOf(target))).map(({ kind }) => kind))];
  const rest = ['read', 'vread', 'history', 'search', 'search-by-post', 'bundle', 'operation'];
  const graphql = [
    'read',
    'list',
    'connection',
    'reverse-list',
    'reverse-connection',
    'reference',
    'on-resource-changed',
  ];
  expect(telling).toEqual(expect.arrayContaining([...rest, '$graphql read'].map((kind) => `rest ${kind}`)));
  expect(telling).toEqual(expect.arrayContaining(graphql.map((kind) => `graphql ${kind}`)));
});

describe('where something is bound to another tenant, leaks are found:', () => {
  /** The kinds of cells that leak while a part of the server of a third tenant, who has nothing, is A's. */
  async function leakingWith(parts: readonly (keyof FhirServer)[]): Promise<string[]> {
    const own = serverOf('r4', c);
    const before = { ...own };
    const foreign = serverOf('r4', a);
    Object.assign(
      own,
      Object.fromEntries(Object.entries(foreign).filter(([name]) => parts.some((part) => part === name))),
    );
    try {
      const leaks = await leaksOf('r4', callerOf('practitioner', c), some);
      return [...new Set(leaks.map((leak) => leak.slice(0, leak.indexOf(':'))))].sort();
    } finally {
      Object.assign(own, before);
    }
  }

  test('the store', async () => {
    expect(await leakingWith(['store'])).toEqual(
      expect.arrayContaining([
        'graphql read',
        'graphql reference',
        'rest bundle',
        'rest history',
        'rest read',
        'rest vread',
      ]),
    );
  });

  test('the index', async () => {
    expect(await leakingWith(['index'])).toEqual(expect.arrayContaining(['rest search']));
  });

  test('both, as searches need them', async () => {
    expect(await leakingWith(['store', 'index'])).toEqual(
      expect.arrayContaining([
        'graphql connection',
        'graphql list',
        'rest $graphql list',
        'rest operation',
        'rest search',
      ]),
    );
  });

  test('what subscriptions are filtered by', async () => {
    expect(await leakingWith(['tenant'])).toEqual(expect.arrayContaining(['graphql on-resource-changed']));
  });
});
