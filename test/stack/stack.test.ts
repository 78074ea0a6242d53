import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultTenant, partitionKey } from '../../persistence/keys.js';
import { entriesOf } from '../support/server.js';
import { describeBinary } from './binary.js';
import { describeBulk } from './bulk.js';
import { describeConsole } from './console.js';
import { describeRestore } from './restore.js';
import { describeRollback } from './rollback.js';
import { describeSubscriptions } from './subscriptions.js';
import { subscribed } from './subscribers.js';
import { patient, searchFor } from './support/patients.js';
import { eventually, openStack, type Stack, type StackAnswer } from './support/stack.js';

// The whole app as a user deploys it, by the CDK's command line, on an emulated AWS over a real OpenSearch: what its
// parts have to agree on. What each of them does by itself is tested elsewhere.

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
}, 300_000);
afterAll(() => (stack as Stack | undefined)?.close());

const created = async (resource: object): Promise<StackAnswer> => {
  const answer = await stack.send('POST', `/${(resource as { resourceType: string }).resourceType}`, {
    body: resource,
  });
  expect(answer.status).toBe(201);
  return answer;
};
const found = (search: string, count = 1): Promise<StackAnswer> => searchFor(stack, search, count);

describe('API Gateway', () => {
  test('metadata and the SMART configuration are open', async () => {
    const answer = await stack.send('GET', '/metadata', { as: null, keyless: true });
    expect([answer.status, answer.json.resourceType]).toEqual([200, 'CapabilityStatement']);
  });

  test('without a token it is 401, without an API key 403', async () => {
    const [tokenless, keyless] = await Promise.all([
      stack.send('GET', '/Patient', { as: null }),
      stack.send('GET', '/Patient', { keyless: true }),
    ]);
    expect([tokenless.status, keyless.status]).toEqual([401, 403]);
  });

  test('groups of the token decide: who is no practitioner sees no patient, an auditor sees and does not write', async () => {
    const { id } = (await created(patient('Groups'))).json;
    const read = (as: string): Promise<StackAnswer> => stack.send('GET', `/Patient/${id}`, { as });
    const write = await stack.send('PUT', `/Patient/${id}`, { as: 'auditor', body: patient('Changed', { id }) });
    const answers = await Promise.all(['practitioner', 'non-practitioner', 'auditor'].map(read));
    expect([...answers.map(({ status }) => status), write.status]).toEqual([200, 403, 200, 403]);
  });
});

describe('REST', () => {
  test('a resource is created, read, updated, deleted, and its versions are there', async () => {
    const { json, headers } = await created(patient('Versions'));
    const location = headers.get('location') ?? '';
    expect(location).toMatch(new RegExp(`/v1/r4/Patient/${json.id}/_history/1$`));
    const path = `/Patient/${json.id}`;
    const body = patient('Second', { id: json.id });
    const updated = await stack.send('PUT', path, { body, headers: { 'if-match': 'W/"1"' } });
    const stale = await stack.send('PUT', path, { body, headers: { 'if-match': 'W/"1"' } });
    const deleted = await stack.send('DELETE', path);
    const gone = await stack.send('GET', path);
    const first = await stack.send('GET', `${path}/_history/1`);
    expect([updated.status, stale.status, deleted.status, gone.status]).toEqual([200, 412, 204, 410]);
    expect(first.json.name[0].family).toBe('Versions');
    expect(entriesOf((await stack.send('GET', `${path}/_history`)).json)).toHaveLength(3);
  });

  test('what is written, the stream brings to the index, and takes away', async () => {
    const { id } = (await created(patient('Streamed'))).json;
    await found('/Patient?family=streamed');
    await stack.send('DELETE', `/Patient/${id}`);
    await found('/Patient?family=streamed', 0);
  });

  test('a write waits for the index when it is asked to', async () => {
    const headers = { 'x-consistency': 'strong' };
    await stack.send('POST', '/Patient', { body: patient('Awaited'), headers });
    expect(entriesOf((await stack.send('GET', '/Patient?family=awaited')).json)).toHaveLength(1);
  });

  test('a transaction of more than DynamoDB takes at once is there as a whole; its references lead on', async () => {
    const reference = { reference: 'urn:uuid:5b1fd3c1-9a7c-4b86-8b3a-000000000000' };
    const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: reference };
    const post = (resource: object, type: string): object => ({ resource, request: { method: 'POST', url: type } });
    const entry = [
      { ...post(patient('Bundled'), 'Patient'), fullUrl: reference.reference },
      ...Array.from({ length: 120 }, () => post(observation, 'Observation')),
    ];
    const answer = await stack.send('POST', '/', { body: { resourceType: 'Bundle', type: 'transaction', entry } });
    expect([answer.status, entriesOf(answer.json).length]).toEqual([200, 121]);
    const search = '/Observation?subject:Patient.family=bundled&_count=100';
    const page = await found(search, 100);
    const next = page.json.link.find(({ relation }) => relation === 'next')?.url ?? '';
    expect(entriesOf((await stack.send('GET', next)).json)).toHaveLength(20);
  });

  test('a conditional create makes one; a patch changes it', async () => {
    const identifier = [{ system: 'http://example.org', value: 'once' }];
    const headers = { 'if-none-exist': 'identifier=http://example.org|once' };
    const first = await stack.send('POST', '/Patient', { body: patient('Once', { identifier }), headers });
    const second = await stack.send('POST', '/Patient', { body: patient('Once', { identifier }), headers });
    expect([first.status, second.status]).toEqual([201, 200]);
    const patched = await stack.send('PATCH', `/Patient/${first.json.id}`, {
      body: [{ op: 'add', path: '/gender', value: 'female' }],
      headers: { 'content-type': 'application/json-patch+json' },
    });
    expect(patched.json).toMatchObject({ gender: 'female', meta: { versionId: '2' } });
  });

  test('a resource too large for an item is in S3, comes back whole, and is found', async () => {
    const text = 'large '.repeat(70_000);
    const { id } = (await created({ resourceType: 'Basic', code: { text, coding: [{ code: 'large-one' }] } })).json;
    expect((await stack.send('GET', `/Basic/${id}`)).json).toMatchObject({ code: { text } });
    await found('/Basic?code=large-one&_elements=id');
  });

  test('what is wrong is an OperationOutcome that names the place', async () => {
    const answer = await stack.send('POST', '/Patient', { body: patient('x', { gender: 'none of them' }) });
    expect([answer.status, answer.json.issue[0].expression]).toEqual([422, ['Patient.gender']]);
  });
});

describeBulk(() => stack);
describeSubscriptions(() => stack);
describeBinary(() => stack);
describeConsole(() => stack);
describeRestore(() => stack);

describe('a record that cannot be indexed', () => {
  test('does not hold up others: it is in the dead-letter queue', async () => {
    const item = { pk: partitionKey(defaultTenant, 'Patient', 'broken'), sk: 'current', versionId: 'none' };
    await stack.putItem(item);
    await created(patient('Behind'));
    await found('/Patient?family=behind');
    const letters = await eventually(
      () => stack.deadLetters(),
      (all) => all.length > 0,
    );
    expect(letters.map((letter) => JSON.parse(letter) as object)).toEqual([{ item: { pk: item.pk, sk: item.sk } }]);
  });
});

describe('GraphQL by the synthesized templates', () => {
  test('reads from the deployed table; lists and mutations go to the deployed function', async () => {
    const mutation = 'mutation M($res: Patient_Input!) { PatientCreate(res: $res) { resource { id } } }';
    const made = await stack.query(mutation, { res: patient('Graph') });
    expect(made.errors).toBeUndefined();
    const { id } = (made.data['PatientCreate'] as { resource: { id: string } }).resource;
    const read = await stack.query('query Q($id: ID!) { Patient(id: $id) { id name { family } } }', { id });
    expect(read).toEqual({ data: { Patient: { id, name: [{ family: 'Graph' }] } } });
    await eventually(
      () => stack.query('{ PatientList(family: ["graph"]) { id } }'),
      ({ data }) => JSON.stringify(data['PatientList']) === JSON.stringify([{ id }]),
    );
    expect((await stack.send('GET', `/Patient/${id}`)).json as object).toMatchObject({
      id,
      name: [{ family: 'Graph' }],
    });
  });

  test('groups decide there as well', async () => {
    const { id } = (await created(patient('Seen'))).json;
    const query = 'query Q($id: ID!) { Patient(id: $id) { id } }';
    const refused = await stack.query(query, { id }, 'non-practitioner');
    expect([refused.data, JSON.stringify(refused.errors).includes('forbidden')]).toEqual([{ Patient: null }, true]);
  });

  test('subscribers are told of what REST changes, in order, by the stream and the deployed publisher', async () => {
    const subscriber = await subscribed(stack, 'Location');
    const { id } = (await created({ resourceType: 'Location', name: 'First' })).json;
    await created(patient('Untold'));
    const body = { resourceType: 'Location', id, name: 'Second' };
    expect((await stack.send('PUT', `/Location/${id}`, { body })).status).toBe(200);
    expect(await subscriber.changes(2)).toMatchObject([
      { type: 'Location', id, versionId: '1', action: 'create' },
      { type: 'Location', id, versionId: '2', action: 'update' },
    ]);
    await subscriber.close();
  });

  test('the publisher tells the API of changes made by REST, signed as IAM asks for it', async () => {
    const { id } = (await created(patient('Published'))).json;
    const answer = await eventually(
      () => Promise.resolve(stack.graphql.answers.find((each) => each.includes('publishChange') && each.includes(id))),
      (each) => each !== undefined,
    );
    expect(JSON.parse(answer ?? '{}')).toMatchObject({
      data: { publishChange: { type: 'Patient', id, versionId: '1', action: 'create' } },
    });
  });
});

describeRollback(() => stack);
