import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { createAuthentication } from '../../../local/authentication.js';
import { type EmbeddedServers, openServers } from '../../../local/compose.js';
import { createGraphqlFace, type GraphqlFace } from '../../../local/graphql.js';
import { createSignIn } from '../../../local/sign-in/sign-in.js';
import { handlers, type TinyError } from './tiny-api.js';

/** A query for each bundle; a read runs `read`, `read-current` and `read-by-lambda`. */
const queries: Readonly<Record<string, string>> = {
  create: 'mutation { it: PatientCreate(res: { active: true }) { location } }',
  update: 'mutation { it: PatientUpdate(id: "p1", res: { active: true }) { location } }',
  delete: 'mutation { it: PatientDelete(id: "gone") { location } }',
  read: '{ it: Patient(id: "p1") { id } }',
  list: '{ it: PatientList(_id: "p1") { id } }',
  connection: '{ it: PatientConnection(_id: "p1") { count } }',
  'reverse-list': '{ PatientList(_id: "p1") { it: ObservationList(_reference: subject) { id } } }',
  'reverse-connection': '{ PatientList(_id: "p1") { it: ObservationConnection(_reference: subject) { count } } }',
  reference: '{ ObservationList(_id: "o1") { subject { it: resource { __typename } } } }',
};
/** The queries in which a bundle takes part. */
const queriesOf = (bundle: string): string[] => {
  if (bundle.startsWith('read')) return ['read'];
  if (bundle === 'list') return ['list', 'reverse-list', 'reverse-connection', 'reference'];
  return [bundle];
};
const written = 'dist/resolvers';
/** Asked over WebSocket, and by the publisher only: `realtime/whole-server.test.ts`. */
const elsewhere = ['on-resource-changed', 'publish-change'];
const bundles = readdirSync(written)
  .map((file) => file.replace(/\.js$/, ''))
  .filter((bundle) => !elsewhere.includes(bundle));
const throwing = handlers(
  'const nothing = null; return nothing.at.all;',
  'const nothing = null; return nothing.at.all;',
);

const folder = mkdtempSync(join(tmpdir(), 'fhir-replaced-'));
const faces: GraphqlFace[] = [];
let stores: EmbeddedServers;
let server: Server;
let origin: string;

/** The R4 API on the embedded server at `/<name>`, its bundles from `dist/resolvers` but for those given. */
function mount(app: express.Express, name: string, replaced: Readonly<Record<string, string>>): void {
  const resolvers = join(folder, 'resolvers', name);
  cpSync(written, resolvers, { recursive: true });
  for (const [bundle, code] of Object.entries(replaced)) writeFileSync(join(resolvers, `${bundle}.js`), code);
  const signIn = createSignIn({ publicUrl: 'http://x', dataFolder: join(folder, 'data'), onError: () => undefined });
  const face = createGraphqlFace({
    server: stores.servers.r4,
    authenticate: createAuthentication('off', signIn),
    authorization: 'roles',
    folders: { schema: pathToFileURL('schema/'), resolvers },
    log: pino({ level: 'silent' }),
  });
  faces.push(face);
  app.all(`/${name}`, face.handlers);
}

async function ask(name: string, query: string): Promise<{ data: unknown; errors?: readonly TinyError[] }> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) };
  return (await (await fetch(`${origin}/${name}`, init)).json()) as { data: unknown; errors?: readonly TinyError[] };
}

beforeAll(async () => {
  stores = await openServers(join(folder, 'data'));
  const app = express();
  mount(app, 'whole', {});
  for (const bundle of bundles) mount(app, bundle, { [bundle]: throwing });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  for (const mutation of [
    'PatientUpdate(id: "p1", res: { active: true })',
    'PatientUpdate(id: "gone", res: { active: true })',
    'ObservationUpdate(id: "o1", res: { status: "final", code: { text: "x" }, subject: { reference: "Patient/p1" } })',
  ]) {
    expect(await ask('whole', `mutation { ${mutation} { location } }`)).not.toHaveProperty('errors');
  }
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await Promise.all(faces.map((face) => face.close()));
  await stores.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the R4 API on the embedded server', () => {
  test('has a bundle for every query, and a query for every bundle', () => {
    expect(new Set(bundles.flatMap(queriesOf))).toEqual(new Set(Object.keys(queries)));
  });

  test.each(Object.entries(queries))('answers the query of %s', async (_, query) => {
    const { data, errors } = await ask('whole', query);
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toMatch(/"it":[^n]/);
  });

  test.each(bundles)('with a %s that throws fails the queries it takes part in and no other', async (bundle) => {
    const outcomes: Record<string, string> = {};
    for (const [name, query] of Object.entries(queries)) {
      const { errors } = await ask(bundle, query);
      outcomes[name] =
        errors === undefined
          ? 'answers'
          : errors.map(({ errorType, message }) => `${errorType ?? ''}: ${message}`).join();
    }
    const expected = Object.keys(queries).map((name) => [
      name,
      queriesOf(bundle).includes(name) ? 'Code: Runtime Error' : 'answers',
    ]);
    expect(outcomes).toEqual(Object.fromEntries(expected));
  });
});
