import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { validateResource } from '../../../fhir/validate.js';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestResponse, type TestServer } from '../../support/server.js';

// https://hl7.org/fhir/R4/conceptmap-operation-translate.html https://hl7.org/fhir/STU3/conceptmap-operations.html#translate

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Part {
  readonly name: string;
  readonly part?: readonly Part[];
  readonly [value: string]: unknown;
}

describe.each(fhirVersions)('$translate, %s', (version) => {
  const root = `/${version}`;
  const isR4 = version === 'r4';
  const map = (id: string, members: object) => ({
    resourceType: 'ConceptMap',
    id,
    url: `http://maps/${id}`,
    status: 'active',
    ...members,
  });
  const put = async (resource: { id: string; resourceType: string; url: string }): Promise<void> => {
    const url = `${root}/${resource.resourceType}/${resource.id}`;
    const { status, json } = await server.send('PUT', url, { body: resource });
    expect([status < 300, json.issue]).toEqual([true, undefined]);
  };
  const get = (query: string, place = 'ConceptMap'): Promise<TestResponse> =>
    server.send('GET', `${root}/${place}/$translate?${query}`);
  /** `result`, then each match as `equivalence system|code source`. */
  const told = ({ status, json }: TestResponse): unknown[] => {
    expect([status, json.issue]).toEqual([200, undefined]);
    expect(validateResource(server.servers[version].definitions, json)).toEqual([]);
    const { parameter } = json as unknown as { parameter: readonly Part[] };
    const partOf = (match: Part, name: string): Part | undefined => match.part?.find((part) => part.name === name);
    return [
      parameter.find(({ name }) => name === 'result')?.['valueBoolean'],
      ...parameter
        .filter(({ name }) => name === 'match')
        .map((match) => {
          const concept = partOf(match, 'concept')?.['valueCoding'] as { system?: string; code?: string } | undefined;
          const text = concept === undefined ? 'none' : `${concept.system ?? ''}|${concept.code ?? ''}`;
          const equivalence = partOf(match, 'equivalence')?.['valueCode'] as string | undefined;
          return `${equivalence ?? '?'} ${text} ${(partOf(match, 'source')?.['valueUri'] as string | undefined) ?? ''}`;
        }),
    ];
  };
  const other = (property: string, code: string) =>
    isR4 ? { property, system: 'http://other', value: code } : { property, system: 'http://other', code };

  beforeAll(async () => {
    await put(
      map('colours', {
        sourceUri: 'http://sets/old',
        targetUri: 'http://sets/new',
        group: [
          {
            source: 'http://old',
            target: 'http://new',
            element: [
              { code: 'r', target: [{ code: 'red', display: 'Red', equivalence: 'equivalent' }] },
              {
                code: 'b',
                target: [
                  { code: 'blue', equivalence: 'wider' },
                  { code: 'navy', equivalence: 'narrower', comment: 'darker' },
                ],
              },
              { code: 'x', target: [{ equivalence: 'unmatched', comment: 'no such colour' }] },
              {
                code: 'd',
                target: [
                  { code: 'dark', equivalence: 'equivalent', dependsOn: [other('http://light', 'off')] },
                  { code: 'dim', equivalence: 'inexact', comment: 'x', product: [other('http://shade', 'grey')] },
                ],
              },
            ],
            unmapped: { mode: 'fixed', code: 'other', display: 'Other' },
          },
        ],
      }),
    );
    await put(
      map('numbers', {
        sourceUri: 'http://sets/old',
        targetUri: 'http://sets/numbers',
        group: [
          {
            source: 'http://old',
            target: 'http://numbers',
            element: [{ code: 'r', target: [{ code: '1', equivalence: 'equal' }] }],
            unmapped: { mode: 'other-map', url: 'http://maps/rest' },
          },
        ],
      }),
    );
    await put(
      map('rest', {
        group: [
          {
            source: 'http://old',
            target: 'http://rest',
            element: [{ code: 'r', target: [{ code: 'r', equivalence: 'equal' }] }],
            unmapped: { mode: 'provided' },
          },
        ],
      }),
    );
    await put(
      map('gone', {
        status: 'retired',
        group: [
          {
            source: 'http://old',
            target: 'http://gone',
            element: [{ code: 'r', target: [{ code: 'gone', equivalence: 'equal' }] }],
          },
        ],
      }),
    );
  });
  const red = 'equivalent http://new|red http://maps/colours';

  test('goes by the map it is invoked on', async () => {
    expect(told(await get('code=r&system=http://old', 'ConceptMap/colours'))).toEqual([true, red]);
    expect(told(await get('code=b&system=http://old', 'ConceptMap/colours'))).toEqual([
      true,
      'wider http://new|blue http://maps/colours',
      'narrower http://new|navy http://maps/colours',
    ]);
    expect((await get('code=r&system=http://old', 'ConceptMap/nowhere')).status).toBe(404);
  });

  test('without one goes by all that are about the system of the code, none that is retired', async () => {
    expect(told(await get('code=r&system=http://old'))).toEqual([
      true,
      red,
      'equal http://numbers|1 http://maps/numbers',
      'equal http://rest|r http://maps/rest',
    ]);
  });

  test('is narrowed by the code system and the value sets sought', async () => {
    expect(told(await get('code=r&system=http://old&targetsystem=http://new'))).toEqual([true, red]);
    expect(told(await get('code=r&system=http://old&source=http://sets/old&target=http://sets/new'))).toEqual([
      true,
      red,
    ]);
    expect(told(await get('code=r&system=http://old&target=http://sets/none'))).toEqual([false]);
  });

  test('tells what has no translation, and of unknown systems that nothing is known', async () => {
    expect(told(await get('code=x&system=http://old', 'ConceptMap/colours'))).toEqual([
      false,
      'unmatched none http://maps/colours',
    ]);
    const { json } = await get('code=r&system=http://unknown');
    expect(json).toMatchObject({ parameter: [{ name: 'result', valueBoolean: false }, { name: 'message' }] });
  });

  test('follows what a map says of codes that it leaves out, into another map too', async () => {
    expect(told(await get('code=zzz&system=http://old', 'ConceptMap/colours'))).toEqual([
      true,
      '? http://new|other http://maps/colours',
    ]);
    expect(told(await get('code=zzz&system=http://old', 'ConceptMap/numbers'))).toEqual([
      true,
      '? http://rest|zzz http://maps/rest',
    ]);
  });

  test('turns round', async () => {
    expect(told(await get('code=blue&system=http://new&reverse=true'))).toEqual([
      true,
      'narrower http://old|b http://maps/colours',
    ]);
    expect(told(await get('code=blue&system=http://new'))).toEqual([false]);
  });

  test('of a mapping that depends on another element needs to be told of it', async () => {
    const dim = 'inexact http://new|dim http://maps/colours';
    const { json } = await get('code=d&system=http://old', 'ConceptMap/colours');
    expect(json).toMatchObject({
      parameter: [
        { valueBoolean: true },
        { name: 'message', valueString: 'There are mappings that depend on http://light' },
        {
          name: 'match',
          part: [
            {},
            {},
            {
              name: 'product',
              part: [
                { name: 'element', valueUri: 'http://shade' },
                { name: 'concept', valueCoding: { system: 'http://other', code: 'grey' } },
              ],
            },
            {},
          ],
        },
      ],
    });
    const dependency = (code: string) => ({
      name: 'dependency',
      part: [
        { name: 'element', valueUri: 'http://light' },
        { name: 'concept', valueCodeableConcept: { coding: [{ system: 'http://other', code }] } },
      ],
    });
    const by = async (code: string): Promise<unknown[]> => {
      const coding = { name: 'coding', valueCoding: { system: 'http://old', code: 'd' } };
      const body = { resourceType: 'Parameters', parameter: [coding, dependency(code)] };
      return told(await server.send('POST', `${root}/ConceptMap/colours/$translate`, { body }));
    };
    expect(await by('off')).toEqual([true, 'equivalent http://new|dark http://maps/colours', dim]);
    expect(await by('on')).toEqual([true, dim]);
  });

  test('takes a concept, each coding of it', async () => {
    const coding = [
      { system: 'http://unknown', code: '1' },
      { system: 'http://old', code: 'r' },
    ];
    const parameter = [
      { name: 'codeableConcept', valueCodeableConcept: { coding } },
      { name: 'targetsystem', valueUri: 'http://new' },
    ];
    const body = { resourceType: 'Parameters', parameter };
    expect(told(await server.send('POST', `${root}/ConceptMap/$translate`, { body }))).toEqual([true, red]);
  });

  if (isR4) {
    test('goes by the map that is named or sent', async () => {
      expect(told(await get('code=r&system=http://old&url=http://maps/colours'))).toEqual([true, red]);
      expect((await get('code=r&system=http://old&url=http://maps/none')).status).toBe(404);
      await put({ ...map('colours-2', { version: '2' }), url: 'http://maps/versions' });
      const query = 'code=r&system=http://old&url=http://maps/versions';
      expect(told(await get(`${query}&conceptMapVersion=2`))).toEqual([false]);
      expect((await get(`${query}&conceptMapVersion=1`)).status).toBe(404);
      const element = [{ code: 'r', target: [{ code: 'rr', equivalence: 'equal' }] }];
      const group = [{ source: 'http://old', target: 'http://sent', element }];
      const parameter = [
        { name: 'conceptMap', resource: { resourceType: 'ConceptMap', status: 'active', group } },
        { name: 'coding', valueCoding: { system: 'http://old', code: 'r' } },
      ];
      const body = { resourceType: 'Parameters', parameter };
      expect(told(await server.send('POST', `${root}/ConceptMap/$translate`, { body }))).toEqual([
        true,
        'equal http://sent|rr ',
      ]);
    });
  }

  test.each([
    ['code=r', 'system'],
    ['system=http://old', 'code'],
    ['code=r&system=http://old&nothing=1', 'nothing'],
    ['code=r&system=http://old&dependency=http://x', 'dependency'],
  ])('refuses %s by name', async (query, expression) => {
    const { status, json } = await get(query);
    expect([status, json.issue[0].expression]).toEqual([400, [expression]]);
  });

  test('is stated, and closed to who may not read maps', async () => {
    const { text } = await server.send('GET', `${root}/metadata`);
    expect(text).toContain('http://hl7.org/fhir/OperationDefinition/ConceptMap-translate');
    const refused = await server.send('GET', `${root}/ConceptMap/$translate?code=r&system=http://old`, {
      as: 'nobody',
    });
    expect(refused.status).toBe(403);
  });
});
