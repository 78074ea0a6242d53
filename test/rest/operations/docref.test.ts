import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { entriesOf, startTestServer, type TestServer } from '../../support/server.js';

// https://hl7.org/fhir/us/core/OperationDefinition-docref.html

const root = '/r4';
const ccd = { coding: [{ system: 'http://loinc.org', code: '34133-9' }] };
const note = { coding: [{ system: 'urn:types', code: 'a,b' }] };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const put = async (id: string, type: object, year: number | undefined, more: object = {}): Promise<void> => {
    const period = { start: `${String(year)}-12-10T00:00:00Z`, end: `${String(year)}-12-20T00:00:00Z` };
    const body = {
      resourceType: 'DocumentReference',
      id,
      status: 'current',
      type,
      subject: { reference: 'Patient/p1' },
      content: [{ attachment: { url: 'Binary/1' } }],
      ...(year === undefined ? {} : { context: { period } }),
      ...more,
    };
    expect((await server.send('PUT', `${root}/DocumentReference/${id}`, { body })).status).toBe(201);
  };
  await put('late', ccd, 2020);
  await put('early', ccd, 2010);
  await put('undated', ccd, undefined);
  await put('replaced', ccd, 2021, { status: 'superseded' });
  await put('wrong', ccd, 2022, { status: 'entered-in-error' });
  await put('note', note, 2019);
  await put('other-patient', ccd, 2023, { subject: { reference: 'Patient/p2' } });
});
afterAll(() => server.close());

const ask = (query: string, as = 'practitioner') =>
  server.send('GET', `${root}/DocumentReference/$docref${query}`, { as });
const idsOf = async (query: string, as?: string): Promise<(string | undefined)[]> =>
  entriesOf((await ask(query, as)).json).map(({ resource }) => resource?.id);

describe('$docref', () => {
  test.each(['p1', 'Patient/p1'])('gives the most recent summary of %s, when nothing else is said', async (patient) => {
    const { status, json } = await ask(`?patient=${patient}`);
    expect([status, json.type, json.total]).toEqual([200, 'searchset', 1]);
    expect(await idsOf(`?patient=${patient}`)).toEqual(['late']);
  });

  test('gives all whose care is in a range of dates, but what was entered in error', async () => {
    expect(await idsOf('?patient=p1&start=1999-01-01&end=2030-01-01')).toEqual(['replaced', 'late', 'early']);
    expect(await idsOf('?patient=p1&end=2015')).toEqual(['early']);
    expect(await idsOf('?patient=p1&start=2015')).toEqual(['replaced', 'late']);
  });

  test('gives those of another type, by POST', async () => {
    const parameter = [
      { name: 'patient', valueId: 'p1' },
      { name: 'type', valueCodeableConcept: note },
    ];
    const body = { resourceType: 'Parameters', parameter };
    const { json } = await server.send('POST', `${root}/DocumentReference/$docref`, { body });
    expect(entriesOf(json).map(({ resource }) => resource?.id)).toEqual(['note']);
  });

  test('gives none for what would have to be made, and none of another patient', async () => {
    expect(await idsOf('?patient=p1&on-demand=true')).toEqual([]);
    expect(await idsOf('?patient=p1', 'patient-2')).toEqual([]);
    expect(await idsOf('?patient=p2', 'patient-2')).toEqual(['other-patient']);
    expect((await ask('?patient=p1', 'nobody')).status).toBe(403);
  });

  test.each([
    ['', 'patient'],
    ['?patient=Practitioner/1', 'patient'],
    ['?patient=p1&start=x', 'start'],
    ['?patient=p1&someBadParam=x', 'someBadParam'],
  ])('refuses "%s"', async (query, place) => {
    const { status, json } = await ask(query);
    expect([status, json.issue[0].expression]).toEqual([400, [place]]);
  });

  test('is not there in STU3', async () => {
    expect((await server.send('GET', '/stu3/DocumentReference/$docref?patient=p1')).status).toBe(404);
  });
});
