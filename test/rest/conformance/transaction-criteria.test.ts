import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { type AnswerJson, startTestServer, type TestResponse, type TestServer } from '../../support/server.js';

// What HAPI's clients send: criteria that name other entries, and several creates by the same criteria.
// docs/adr/0087-criteria-of-a-transaction.md

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

let count = 0;
/** A value that no other test uses. */
const newValue = (): string => `criteria-${String((count += 1))}`;
const newUrn = (): string => `urn:uuid:00000000-0000-4000-8000-${String((count += 1)).padStart(12, '0')}`;

const identifier = (value: string): object[] => [{ system: 'urn:test', value }];
const practitioner = (value: string): object => ({ resourceType: 'Practitioner', identifier: identifier(value) });
const patient = (value: string): object => ({ resourceType: 'Patient', identifier: identifier(value) });
const observation = (more: object): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'pulse' },
  ...more,
});

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: object;
  readonly request: { readonly method: string; readonly url: string; readonly ifNoneExist?: string };
}

describe.each(fhirVersions)('the criteria of a transaction, %s', (version) => {
  const send = (entry: readonly Entry[], type = 'transaction'): Promise<TestResponse> =>
    server.send('POST', `/${version}`, { body: { resourceType: 'Bundle', type, entry } });
  const statusesOf = ({ json }: TestResponse): (string | undefined)[] =>
    json.entry.map(({ response }) => response?.status.slice(0, 3));
  const locationOf = ({ json }: TestResponse, place: number): string =>
    (json.entry[place]?.response?.location ?? '').replace(/\/_history.*/, '');
  const get = async (reference: string): Promise<AnswerJson & { readonly performer: { reference: string }[] }> =>
    (await server.send('GET', `/${version}/${reference}`)).json as never;
  const total = async (query: string): Promise<number> =>
    (await server.send('GET', `/${version}/${query}&_summary=count`)).json.total;

  describe('of several creates that are the same', () => {
    const both = (value: string): readonly Entry[] =>
      [newUrn(), newUrn()].flatMap((fullUrl) => [
        {
          fullUrl,
          resource: practitioner(value),
          request: { method: 'POST', url: 'Practitioner', ifNoneExist: `identifier=urn:test|${value}` },
        },
        {
          resource: observation({ performer: [{ reference: fullUrl }] }),
          request: { method: 'POST', url: 'Observation' },
        },
      ]);

    test('make one resource, to which the links of all lead', async () => {
      const value = newValue();
      const answer = await send(both(value));
      expect(statusesOf(answer)).toEqual(['201', '201', '200', '201']);
      expect(locationOf(answer, 2)).toBe(locationOf(answer, 0));
      for (const place of [1, 3]) {
        expect((await get(locationOf(answer, place))).performer[0]?.reference).toBe(locationOf(answer, 0));
      }
      expect(await total(`Practitioner?identifier=urn:test|${value}`)).toBe(1);
      const again = await send(both(value));
      expect([statusesOf(again), locationOf(again, 0), locationOf(again, 2)]).toEqual([
        ['200', '201', '200', '201'],
        locationOf(answer, 0),
        locationOf(answer, 0),
      ]);
    });

    test('are refused beside an update that would create by them', async () => {
      const value = newValue();
      const entries = both(value).filter((_, place) => place === 0);
      const update = {
        resource: practitioner(value),
        request: { method: 'PUT', url: `Practitioner?identifier=urn:test|${value}` },
      };
      const { status, json } = await send([...entries, update]);
      expect([status, json.issue[0].expression]).toEqual([400, ['Bundle.entry[1]']]);
      expect(await total(`Practitioner?identifier=urn:test|${value}`)).toBe(0);
    });
  });

  describe('that name an entry by its fullUrl', () => {
    const pair = (value: string, ofObservation: (urn: string) => Entry['request']): readonly Entry[] => {
      const fullUrl = newUrn();
      const request = { method: 'POST', url: 'Patient', ifNoneExist: `identifier=urn:test|${value}` };
      return [
        { resource: observation({ subject: { reference: fullUrl } }), request: ofObservation(fullUrl) },
        { fullUrl, resource: patient(value), request },
      ];
    };

    test.each<[string, (urn: string) => Entry['request']]>([
      ['a create', (urn) => ({ method: 'POST', url: 'Observation', ifNoneExist: `subject=${urn}&status=final` })],
      ['an update', (urn) => ({ method: 'PUT', url: `Observation?subject=${encodeURIComponent(urn)}&status=final` })],
      [
        'a create with the type before them',
        (urn) => ({ method: 'POST', url: 'Observation', ifNoneExist: `Observation?subject:Patient=${urn}` }),
      ],
    ])('are those of what it is about: %s', async (_, ofObservation) => {
      const value = newValue();
      const first = await send(pair(value, ofObservation));
      expect(statusesOf(first)).toEqual(['201', '201']);
      expect((await get(locationOf(first, 0))).subject.reference).toBe(locationOf(first, 1));
      const second = await send(pair(value, ofObservation));
      expect(statusesOf(second)).toEqual(['200', '200']);
      expect([locationOf(second, 0), locationOf(second, 1)]).toEqual([locationOf(first, 0), locationOf(first, 1)]);
    });

    test('may follow each other, and one that is written under its id', async () => {
      const [urn, middle, id] = [newUrn(), newUrn(), newValue()];
      const entries = (): readonly Entry[] => [
        {
          resource: {
            resourceType: 'DiagnosticReport',
            status: 'final',
            code: { text: 'x' },
            result: [{ reference: middle }],
          },
          request: { method: 'PUT', url: `DiagnosticReport?result=${middle}` },
        },
        {
          fullUrl: middle,
          resource: observation({ subject: { reference: urn } }),
          request: { method: 'PUT', url: `Observation?subject=${urn}` },
        },
        {
          fullUrl: urn,
          resource: { ...patient(id), id },
          request: { method: 'PUT', url: `Patient/${id}` },
        },
      ];
      const first = await send(entries());
      const second = await send(entries());
      expect([statusesOf(first), statusesOf(second)]).toEqual([
        ['201', '201', '201'],
        ['200', '200', '200'],
      ]);
      const deletion: Entry = { request: { method: 'DELETE', url: `Observation?subject=${urn}` } };
      const renewed = await send([...entries().slice(2), deletion]);
      expect(statusesOf(renewed)).toEqual(['200', '204']);
      expect((await server.send('GET', `/${version}/${locationOf(first, 1)}`)).status).toBe(410);
    });

    test('are not found among identifiers that look the same', async () => {
      const urn = newUrn();
      const value = newValue();
      const known = { ...patient(value), identifier: [{ system: 'urn:ietf:rfc:3986', value: urn }] };
      const entry = {
        fullUrl: urn,
        resource: known,
        request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${urn}` },
      };
      expect(statusesOf(await send([entry]))).toEqual(['201']);
      expect(statusesOf(await send([entry]))).toEqual(['200']);
    });

    test('are not found in the identifier by which a reference names something', async () => {
      const urn = newUrn();
      const subject = { reference: urn, identifier: { system: 'urn:ietf:rfc:3986', value: urn } };
      const known = patient(newValue());
      const entries = [
        { fullUrl: urn, resource: known, request: { method: 'POST', url: 'Patient' } },
        {
          resource: observation({ subject }),
          request: { method: 'POST', url: 'Observation', ifNoneExist: `subject:identifier=${urn}` },
        },
      ];
      expect(statusesOf(await send(entries))).toEqual(['201', '201']);
      expect(statusesOf(await send(entries))).toEqual(['201', '200']);
    });

    test.each([
      ['before', (urn: string, value: string) => `identifier=${value}&subject=${urn}`],
      ['behind', (urn: string, value: string) => `subject=${urn}&identifier=${value}`],
    ])('are found with a question mark in a value %s them', async (_, criteria) => {
      const value = `http://x?${newValue()}`;
      const entries = pair(newValue(), (urn) => ({
        method: 'POST',
        url: 'Observation',
        ifNoneExist: criteria(urn, value),
      })).map(({ resource, ...rest }, place) => ({
        ...rest,
        resource: place === 0 ? { ...resource, identifier: [{ value }] } : { ...resource },
      }));
      expect(statusesOf(await send(entries))).toEqual(['201', '201']);
      expect(statusesOf(await send(entries))).toEqual(['200', '200']);
    });

    test('match what another entry writes about it, which is refused', async () => {
      const urn = newUrn();
      const about = observation({ subject: { reference: urn } });
      const { status, json } = await send([
        { fullUrl: urn, resource: patient(newValue()), request: { method: 'POST', url: 'Patient' } },
        { resource: about, request: { method: 'POST', url: 'Observation' } },
        { resource: about, request: { method: 'PUT', url: `Observation?subject=${urn}` } },
      ]);
      expect([status, json.issue[0].expression]).toEqual([400, ['Bundle.entry[2]']]);
      expect(json.issue[0].diagnostics).toContain('Another entry writes Observation/');
    });

    test('are refused by their place where it is known too late what it is about', async () => {
      const [one, other] = [newUrn(), newUrn()];
      const circle = [one, other].map((fullUrl, place) => ({
        fullUrl,
        resource: { resourceType: 'Location', name: 'x' },
        request: { method: 'POST', url: 'Location', ifNoneExist: `partof=${place === 0 ? other : one}` },
      }));
      const tooEarly: Entry[] = [
        { request: { method: 'DELETE', url: `Observation?subject=${one}` } },
        { fullUrl: one, resource: patient(newValue()), request: { method: 'POST', url: 'Patient' } },
      ];
      for (const [entries, place] of [
        [circle, 'Bundle.entry[0].request.ifNoneExist'],
        [tooEarly, 'Bundle.entry[0].request.url'],
      ] as const) {
        const { status, json } = await send(entries);
        expect([status, json.issue[0].expression]).toEqual([400, [place]]);
      }
    });
  });

  test('of a reference may have a slash before them', async () => {
    const value = newValue();
    const { json } = await server.send('POST', `/${version}/Patient`, { body: patient(value) });
    const reference = `Patient/?identifier=urn:test|${value}`;
    const body = observation({ subject: { reference } });
    const single = await server.send('POST', `/${version}/Observation`, { body });
    expect([single.status, single.json.subject.reference]).toEqual([201, `Patient/${json.id}`]);
    const together = await send([{ resource: body, request: { method: 'POST', url: 'Observation' } }]);
    expect((await get(locationOf(together, 0))).subject.reference).toBe(`Patient/${json.id}`);
    const none = observation({ subject: { reference: `${reference}-none` } });
    expect((await server.send('POST', `/${version}/Observation`, { body: none })).status).toBe(412);
  });
});
