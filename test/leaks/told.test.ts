import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '../../auth/principal.js';
import { fhirVersions } from '../../fhir/version.js';
import type { Resource } from '../../fhir/resource.js';
import { publishJobVariables } from '../../indexer/publish-mutation.js';
import { authorOf } from '../../interactions/subscription-terms.js';
import { subscriptionsOf } from '../../interactions/subscriptions.js';
import { passes, readFilter } from '../../local/appsync/realtime/filter.js';
import { nextVersion } from '../../persistence/version.js';
import { createResolverHandler } from '../../resolvers/lambda/handler.js';
import { principals, startTestServer, type TestServer } from '../support/server.js';
import { tenant } from '../support/tenant.js';
import { type LimitedCaller, limitedCallers } from './callers.js';
import { claimsOf } from './look-for-leaks.js';
import { recordOf } from './record.js';

// Who is told without asking each time: subscribers of jobs (AppSync's onJobChanged), and FHIR Subscriptions, which are told with the
// rights of who wrote them. Every role and kind of scope × every job and every resource of the record.

const allowed = { prefixes: ['https://hooks.example/'], privateAddresses: false };
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ authorization: 'roles+smart', subscriptions: allowed });
  for (const version of fhirVersions) {
    for (const { type, id, versions } of recordOf(version)) {
      for (const body of versions) await server.send('PUT', `/${version}/${type}/${id}`, { body });
    }
  }
});
afterAll(async () => {
  await server.close();
  expect(server.logged).toEqual([]);
});

const everybody: Readonly<Record<string, LimitedCaller>> = {
  ...limitedCallers,
  practitioner: { principal: principalNamed('practitioner'), sees: () => true },
};
const callerNamed = (name: string): LimitedCaller => {
  const found = everybody[name];
  if (found === undefined) throw new Error(`no caller ${name}`);
  return found;
};

function principalNamed(name: string) {
  const found = principals[name];
  if (found === undefined) throw new Error(`no principal ${name}`);
  return found;
}

describe.each(fhirVersions)('%s: a Subscription', (version) => {
  test.each(Object.keys(everybody))('of %s is told of what they see, and of nothing else', async (name) => {
    const { principal, sees } = callerNamed(name);
    const fhir = server.servers[version];
    const record = recordOf(version);
    for (const type of new Set(record.map((each) => each.type))) {
      const id = `subscription-${type}`;
      const resource = {
        resourceType: 'Subscription',
        id,
        status: 'active',
        reason: 'test',
        criteria: `${type}?_lastUpdated=gt2000-01-01`,
        channel: { type: 'rest-hook', endpoint: 'https://hooks.example/x', payload: 'application/fhir+json' },
      } as Resource;
      const previous = await fhir.store.read({ type: 'Subscription', id });
      // As if they had been let write it: what their rights are worth is looked at when they are told.
      const next = nextVersion({
        resource,
        method: 'PUT',
        now: Date.now(),
        id,
        compartments: [],
        author: authorOf(fhir, { principal, baseUrl: server.base(version) }, 'Subscription') ?? '',
        ...(previous === undefined ? {} : { previous }),
      });
      await fhir.store.commit([{ kind: 'put', next, ...(previous === undefined ? {} : { previous }) }]);
      const subscriber = await subscriptionsOf(fhir, allowed).read(id);
      for (const each of record.filter((one) => one.type === type)) {
        const stored = await fhir.store.read(each);
        if (stored === undefined) throw new Error('not stored');
        const isTold = typeof subscriber === 'object' && (await subscriber.concerns(stored));
        expect([each.id, isTold]).toEqual([each.id, sees(each)]);
      }
    }
  });
});

describe('a subscription to jobs', () => {
  const jobs = Object.entries(everybody).map(([name, { principal }]) => ({
    name,
    principal,
    client: principal.clientId,
  }));
  const event = (of: (typeof jobs)[number], more: { client?: string; tenant?: string } = {}) =>
    publishJobVariables({
      tenant: more.tenant === undefined ? server.servers.r4.tenant : tenant(more.tenant),
      id: `job of ${of.name}`.replaceAll(/\W/g, '-'),
      kind: 'export',
      state: 'complete',
      percent: 100,
      subject: subjectOf(of.principal),
      client: more.client ?? of.client,
    });

  test.each(Object.keys(everybody))(
    'of %s is told of theirs by the same client; who runs the server of all',
    async (name) => {
      const { principal } = callerNamed(name);
      const handler = createResolverHandler(server.servers.r4, {
        baseUrl: () => server.base('r4'),
        onUnexpected: (failure) => void server.logged.push({ fields: {}, message: String(failure) }),
        tellsOfJobs: true,
      });
      const claims = claimsOf(principal);
      for (const id of [undefined, ...jobs.map((each) => String(event(each)['id']))]) {
        const given = await handler({
          interaction: 'subscribe-jobs',
          field: 'Subscriptions.onJobChanged',
          claims,
          arguments: id === undefined ? {} : { id },
        });
        if (!('value' in given)) continue; // refused: told of nothing
        const filter = readFilter(given.value);
        for (const each of jobs) {
          const isNamed = id === undefined || id === event(each)['id'];
          const isTheirs = isNamed && (name === 'operator' || subjectOf(each.principal) === subjectOf(principal));
          expect([id, each.name, passes(filter, event(each))]).toEqual([id, each.name, isTheirs]);
          if (name === 'operator') continue;
          expect(passes(filter, event(each, { client: 'another-app' }))).toBe(false);
          expect(passes(filter, event(each, { tenant: 'a' }))).toBe(false);
        }
      }
    },
  );
});

const subjectOf = ({ subject, clientId, isApplication }: Principal): string =>
  isApplication === true ? clientId : subject;
