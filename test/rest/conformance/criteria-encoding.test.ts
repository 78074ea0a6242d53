import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { startTestServer, type TestServer } from '../../support/server.js';

// Criteria that cannot be read must not be taken for others: a conditional create would create again what is there.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const patient = { resourceType: 'Patient' };

const batch = async (request: object): Promise<string> => {
  const entry = [{ ...('ifNoneExist' in request ? { resource: patient } : {}), request }];
  const answer = await server.send('POST', '/r4', { body: { resourceType: 'Bundle', type: 'batch', entry } });
  return answer.json.entry[0]?.response?.status ?? '';
};

describe('broken percent-encoding is refused', () => {
  test.each(['%', '%FF', '%zz', 'a%C3'])('in If-None-Exist: identifier=%s', async (value) => {
    const headers = { 'if-none-exist': `identifier=${value}` };
    const answer = await server.send('POST', '/r4/Patient', {
      body: patient,
      headers,
    });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ expression: ['http.If-None-Exist'] }],
    });
  });

  test.each([
    { method: 'GET', url: 'Patient?name=%FF' },
    { method: 'GET', url: 'Patient/1/_history?_count=%' },
    { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=%FF' },
  ])('in an entry of a bundle: %j', async (request) => {
    expect(await batch(request)).toMatch(/^400/);
  });

  test('in a conditional reference', async () => {
    const resource = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'pulse' },
      subject: { reference: 'Patient?identifier=%FF' },
    };
    const entry = [{ resource, request: { method: 'POST', url: 'Observation' } }];
    const body = { resourceType: 'Bundle', type: 'transaction', entry };
    const answer = await server.send('POST', '/r4', { body });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ issue: [{ expression: ['Bundle.entry[0].resource.subject.reference'] }] });
  });
});

describe('If-None-Exist', () => {
  test('is refused beyond ASCII, whose bytes HTTP does not carry as sent', async () => {
    const headers = { 'if-none-exist': 'name=M\u00fcller' };
    const { status } = await server.send('POST', '/r4/Patient', { body: patient, headers });
    expect(status).toBe(400);
  });

  test('is refused twice: joined by a comma it would mean "or"', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = {
        authorization: 'Bearer practitioner',
        'content-type': 'application/fhir+json',
        'if-none-exist': ['identifier=a', 'identifier=b'],
      };
      const options = { host: '127.0.0.1', port: server.port, method: 'POST', path: '/r4/Patient', headers };
      const sent = httpRequest(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(patient));
    });
    expect(status).toBe(400);
  });
});
