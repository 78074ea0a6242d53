import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { type AnswerJson, startTestServer, type TestServer } from '../../support/server.js';

// How an answer is written may be asked for in the URL, in a form, and is carried on from page to page:
// https://hl7.org/fhir/R4/http.html#parameters https://hl7.org/fhir/R4/http.html#paging

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const linkOf = (json: AnswerJson, relation: string): string =>
  json.link.find((link) => link.relation === relation)?.url ?? '';
const isPretty = (text: string): boolean => text.startsWith('{\n  "resourceType"');

describe.each(fhirVersions)('formats, %s', (version) => {
  beforeAll(async () => {
    for (const id of ['f1', 'f2', 'f3']) {
      await server.send('PUT', `/${version}/Patient/${id}`, { body: { resourceType: 'Patient', id } });
    }
  });

  test.each([
    'Patient?_count=1&',
    'Patient/_history?_count=1&',
    '_history?_count=1&',
    'Patient/f1/$everything?_count=1&',
  ])('every page of %s is written as the first one, and all links say so', async (target) => {
    const first = await server.send('GET', `/${version}/${target}_format=json&_pretty=true`);
    expect([first.status, isPretty(first.text)]).toEqual([200, true]);
    for (const { url } of first.json.link) {
      expect(new URL(url).searchParams.get('_pretty')).toBe('true');
      expect(new URL(url).searchParams.get('_format')).toBe('json');
    }
    const next = linkOf(first.json, target.includes('$everything') ? 'first' : 'next');
    const second = await server.send('GET', next);
    expect([second.status, isPretty(second.text), linkOf(second.json, 'self')]).toEqual([200, true, next]);
  });

  test('links of what asks for no format have none', async () => {
    const { json } = await server.send('GET', `/${version}/Patient?_count=1`);
    for (const { url } of json.link) expect(url).not.toMatch(/_format|_pretty/);
  });

  test('the form of a search by POST may ask for a format, and its links carry it on', async () => {
    const search = (body: string, accept = '*/*') =>
      server.send('POST', `/${version}/Patient/_search`, { headers: { ...form, accept }, body });
    const pretty = await search('_count=1&_pretty=true');
    expect([pretty.status, isPretty(pretty.text)]).toEqual([200, true]);
    expect(isPretty((await server.send('GET', linkOf(pretty.json, 'next'))).text)).toBe(true);
    expect((await search('_count=1&_format=xml')).status).toBe(406);
    expect((await search('_count=1&_format=json', 'application/fhir+xml')).status).toBe(200);
    expect((await search('_count=1', 'application/fhir+xml')).status).toBe(406);
    expect(isPretty((await search('_count=1')).text)).toBe(false);
  });
});
