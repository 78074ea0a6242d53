import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { requestWrittenAs } from '../../console/fhir/copy-as.js';
import { requestsOf } from '../../console/fhir/postman.js';

const collection = JSON.parse(readFileSync('postman/fhir-on-appsync.postman_collection.json', 'utf8')) as unknown;
const groups = requestsOf(collection, { patientId: 'p1' });
const requests = groups.flatMap((group) => group.requests);

describe('the requests of the Postman collection', () => {
  test('stand in their folders, those of the REST API alone', () => {
    expect(groups.map(({ name }) => name)).toEqual(expect.arrayContaining(['Search', 'Bundles', 'Patch', 'History']));
    expect(requests.length).toBeGreaterThan(40);
    expect(requests.some(({ path }) => path.includes('oauth2') || path.startsWith('http'))).toBe(false);
  });

  test('are paths below the base, known variables filled in, the others to be replaced', () => {
    const find = (name: string) => requests.find((each) => each.name === name);
    expect(find('Read')).toMatchObject({ method: 'GET', path: 'Patient/p1', body: '' });
    expect(find('CapabilityStatement')?.path).toBe('metadata');
    expect(find('What the transaction linked')?.path).toBe('[bundleObservation]');
    expect(JSON.stringify(requests)).not.toContain('{{');
    const form = find('By form (POST _search)');
    expect(form?.method).toBe('POST');
    expect(form?.headers).toContain('x-www-form-urlencoded');
  });
});

describe('a request that is copied', () => {
  const written = requestWrittenAs('http://a/r4/Patient', {
    method: 'PUT',
    headers: 'If-Match: W/"1"',
    body: `{"text":"it's"}`,
  });
  const code = (id: string): string => written.find((each) => each.id === id)?.code ?? '';

  test('has its headers and its body, for the shell as it needs them, and never a token', () => {
    expect(code('curl').split(/ \\\n {2}/)).toEqual([
      'curl -s -X PUT -H "Authorization: Bearer $TOKEN"',
      `-H 'If-Match: W/"1"'`,
      `-H 'Content-Type: application/fhir+json'`,
      `'http://a/r4/Patient'`,
      `-d '{"text":"it'\\''s"}'`,
    ]);
    expect(code('fetch')).toContain('Authorization: `Bearer ${token}`');
    expect(code('fetch')).toContain('method: "PUT"');
  });
});
