import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { memoryIndices } from '../../examples/in-memory/search-index.js';
import { openOwnServer, type OwnServer } from '../../examples/in-memory/server.js';
import { memoryTable } from '../../examples/in-memory/table.js';
import { fhirVersions } from '../../fhir/version.js';
import { defaultTenant } from '../../persistence/keys.js';
import { createRestApp } from '../../rest/app.js';
import { withSecurityHeaders } from '../../rest/security-headers.js';
import { describeResourceStore } from '../contract/resource-store.js';
import { describeSearchIndex } from '../contract/search-index.js';
import { describeTable } from '../contract/table.js';
import { type AnswerJson, callerOf, entriesOf } from '../support/server.js';

// docs/replace-persistence.md: adapters of one's own do what the project's do, by the same suites; a server is made of them.

const noClosing = { close: () => Promise.resolve() };
const table = () => Promise.resolve({ table: memoryTable(), ...noClosing });

describeTable('in memory', table, { largest: 1_000_000 });
describeResourceStore('in memory', table, 10);
describeSearchIndex(
  'in memory',
  (definitions) => Promise.resolve({ index: memoryIndices(definitions).of(defaultTenant), ...noClosing }),
  { runs: 5 },
);

describe.each(fhirVersions)('a server made of them: %s', (version) => {
  const problems: unknown[] = [];
  let own: OwnServer;
  let http: Server;
  let base = '';
  beforeAll(async () => {
    own = await openOwnServer(version, (error) => problems.push(error));
    const app = express();
    const { principal } = callerOf('practitioner');
    const log = { error: (...told: readonly unknown[]) => problems.push(told) };
    app.use(withSecurityHeaders);
    app.use(
      `/${version}`,
      createRestApp({ server: own.server, authenticate: () => Promise.resolve({ principal }), log }),
    );
    http = createServer(app).listen(0, '127.0.0.1');
    await once(http, 'listening');
    base = `http://127.0.0.1:${String((http.address() as AddressInfo).port)}/${version}`;
  });
  afterAll(async () => {
    http.close();
    await own.close();
    expect(problems).toEqual([]);
  });
  const send = async (method: string, path: string, body?: object): Promise<{ status: number; json: AnswerJson }> => {
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/fhir+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: (text === '' ? {} : JSON.parse(text)) as AnswerJson };
  };

  test('keeps a transaction, finds by its references, and tells the history of what changed', async () => {
    const fullUrl = 'urn:uuid:5b1fd3c1-9a7c-4b86-8b3a-000000000001';
    const post = (resource: { resourceType: string }): object => ({
      resource,
      request: { method: 'POST', url: resource.resourceType },
    });
    const patient = { resourceType: 'Patient', name: [{ family: 'Own' }] };
    const observation = {
      resourceType: 'Observation',
      ...{ status: 'final', code: { text: 'x' }, subject: { reference: fullUrl } },
    };
    const entry = [{ ...post(patient), fullUrl }, post(observation)];
    expect((await send('POST', '/', { resourceType: 'Bundle', type: 'transaction', entry })).status).toBe(200);
    await own.settled();
    const found = await send('GET', '/Observation?subject:Patient.family=own&_include=Observation:subject');
    expect(entriesOf(found.json).map(({ search }) => search?.mode)).toEqual(['match', 'include']);
    const id = entriesOf(found.json)[1]?.resource?.id ?? '';
    expect((await send('PUT', `/Patient/${id}`, { ...patient, id, gender: 'other' })).status).toBe(200);
    expect((await send('DELETE', `/Patient/${id}`)).status).toBe(204);
    expect((await send('GET', `/Patient/${id}`)).status).toBe(410);
    expect(entriesOf((await send('GET', `/Patient/${id}/_history`)).json)).toHaveLength(3);
  });
});
