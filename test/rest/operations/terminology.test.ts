import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { validateResource } from '../../../fhir/validate.js';
import { startTestServer, type TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

interface Contains {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
  readonly designation?: readonly { readonly language?: string; readonly value: string }[];
}
interface Expanded {
  readonly url?: string;
  readonly compose?: unknown;
  readonly expansion: {
    readonly total: number;
    readonly offset: number;
    readonly parameter?: readonly { readonly name: string; readonly [value: string]: unknown }[];
    readonly contains?: readonly Contains[];
  };
}
interface Part {
  readonly name: string;
  readonly part?: readonly Part[];
  readonly [value: string]: unknown;
}
interface Output {
  readonly parameter?: readonly Part[];
}
const valueOf = (part: Part | undefined): unknown =>
  part === undefined ? undefined : Object.entries(part).find(([name]) => name.startsWith('value'))?.[1];
const out = (json: unknown, name: string): unknown =>
  valueOf((json as Output).parameter?.find((parameter) => parameter.name === name));
/** The properties `$lookup` tells, as code and value. */
const properties = (json: unknown): unknown[] =>
  ((json as Output).parameter ?? [])
    .filter(({ name }) => name === 'property')
    .map(({ part }) => [
      valueOf(part?.find(({ name }) => name === 'code')),
      valueOf(part?.find(({ name }) => name === 'value')),
    ]);

const gender = 'http://hl7.org/fhir/ValueSet/administrative-gender';
const genderSystem = 'http://hl7.org/fhir/administrative-gender';

describe.each(fhirVersions)('%s', (version) => {
  const root = `/${version}`;
  const actCode =
    version === 'r4' ? 'http://terminology.hl7.org/CodeSystem/v3-ActCode' : 'http://hl7.org/fhir/v3/ActCode';
  const systemVersion = version === 'r4' ? 'systemVersion' : 'version';
  const get = (path: string, as = 'practitioner') => server.send('GET', `${root}/${path}`, { as });
  const expand = async (query: string): Promise<Expanded> => {
    const { status, json } = await get(`ValueSet/$expand?${query}`);
    expect([status, json.issue]).toEqual([200, undefined]);
    expect(validateResource(server.servers[version].definitions, json)).toEqual([]);
    return json as unknown as Expanded;
  };
  const codesIn = ({ expansion }: Expanded) => (expansion.contains ?? []).map(({ code }) => code);
  const codeSystem = (id: string, url: string, members: object) => ({
    resourceType: 'CodeSystem',
    id,
    url,
    name: id,
    status: 'active',
    content: 'complete',
    ...members,
  });
  const valueSet = (id: string, url: string, include: object) => ({
    resourceType: 'ValueSet',
    id,
    url,
    name: id,
    status: 'active',
    compose: { include: [include] },
  });
  const put = async (resource: { resourceType: string; id: string; [element: string]: unknown }) => {
    const { status, json } = await server.send('PUT', `${root}/${resource.resourceType}/${resource.id}`, {
      body: resource,
    });
    expect([json.issue, status < 300]).toEqual([undefined, true]);
  };

  beforeAll(async () => {
    const concept = [
      {
        code: 'fruit',
        display: 'Fruit',
        concept: [
          { code: 'apple', display: 'Apple', designation: [{ language: 'de', value: 'Apfel' }] },
          { code: 'pear', display: 'Pear' },
        ],
      },
      { code: 'kale', display: 'Kale', property: [{ code: 'inactive', valueBoolean: true }] },
    ];
    await put(codeSystem('food', 'http://food', { version: '1.0', concept }));
    await put(
      valueSet('fruits', 'http://fruits', {
        system: 'http://food',
        filter: [{ property: 'concept', op: 'is-a', value: 'fruit' }],
      }),
    );
    await put(valueSet('all-food', 'http://all-food', { system: 'http://food' }));
  });

  describe('$expand', () => {
    test('expands a value set of the definitions by its url', async () => {
      const expanded = await expand(`url=${gender}`);
      expect([expanded.url, codesIn(expanded), expanded.compose]).toEqual([
        gender,
        ['male', 'female', 'other', 'unknown'],
        undefined,
      ]);
      expect(expanded.expansion).toMatchObject({ total: 4, offset: 0 });
      expect(expanded.expansion.contains?.[0]).toMatchObject({ system: genderSystem, code: 'male', display: 'Male' });
    });

    test('expands one that is stored: by url, by id, and in the body', async () => {
      const byUrl = await expand('url=http://fruits');
      expect(codesIn(byUrl)).toEqual(['fruit', 'apple', 'pear']);
      expect(codesIn((await get('ValueSet/fruits/$expand')).json as unknown as Expanded)).toEqual(codesIn(byUrl));
      const set = valueSet('sent', 'http://sent', { system: 'http://food', concept: [{ code: 'pear' }] });
      const bodies = [set, { resourceType: 'Parameters', parameter: [{ name: 'valueSet', resource: set }] }];
      for (const body of bodies) {
        const { status, json } = await server.send('POST', `${root}/ValueSet/$expand`, { body });
        expect([status, codesIn(json as unknown as Expanded)]).toEqual([200, ['pear']]);
      }
      const body = { resourceType: 'Parameters', parameter: [{ name: 'url', valueUri: 'http://fruits' }] };
      expect(
        codesIn((await server.send('POST', `${root}/ValueSet/$expand`, { body })).json as unknown as Expanded),
      ).toEqual(codesIn(byUrl));
    });

    test('the newest of several versions counts, unless one is asked for', async () => {
      for (const [id, number, code] of [
        ['v9', '1.9', 'pear'],
        ['v10', '1.10', 'apple'],
      ] as const) {
        await put({
          ...valueSet(id, 'http://versions', { system: 'http://food', concept: [{ code }] }),
          version: number,
        });
      }
      expect(codesIn(await expand('url=http://versions'))).toEqual(['apple']);
      expect(codesIn(await expand('url=http://versions|1.9'))).toEqual(['pear']);
      expect((await get('ValueSet/$expand?url=http://versions|7')).status).toBe(404);
    });

    test('gives pages by offset and count; count=0 asks how many there are', async () => {
      const page = await expand(`url=${gender}&offset=1&count=2`);
      expect([codesIn(page), page.expansion.total, page.expansion.offset]).toEqual([['female', 'other'], 4, 1]);
      const none = await expand(`url=${gender}&count=0`);
      expect([none.expansion.contains, none.expansion.total]).toEqual([undefined, 4]);
    });

    test('narrows by filter, by activity, and says so', async () => {
      expect(codesIn(await expand('url=http://all-food&filter=pea'))).toEqual(['pear']);
      expect(codesIn(await expand('url=http://all-food'))).toContain('kale');
      const active = await expand('url=http://all-food&activeOnly=true');
      expect(codesIn(active)).toEqual(['fruit', 'apple', 'pear']);
      expect(active.expansion.parameter).toEqual([
        { name: 'activeOnly', valueBoolean: true },
        { name: 'version', valueUri: 'http://food|1.0' },
      ]);
    });

    test('shows other languages and the definition when asked', async () => {
      const apple = async (query: string) =>
        (await expand(`url=http://fruits${query}`)).expansion.contains?.find(({ code }) => code === 'apple');
      expect(await apple('')).toEqual({ system: 'http://food', version: '1.0', code: 'apple', display: 'Apple' });
      expect((await apple('&includeDesignations=true'))?.designation).toEqual([{ language: 'de', value: 'Apfel' }]);
      expect((await apple('&displayLanguage=de'))?.display).toBe('Apfel');
      expect((await expand('url=http://fruits&includeDefinition=true')).compose).toBeDefined();
    });

    test.each([
      ['', 400, 'invalid'],
      ['url=http://nowhere', 404, 'not-found'],
      ['url=http://snomed-all', 422, 'too-costly'],
      ['url=http://unknown-system', 422, 'not-found'],
      ['url=http://circle', 422, 'processing'],
      ['url=http://fruits&count=-1', 400, 'invalid'],
      ['url=http://fruits&count=many', 400, 'invalid'],
      ['url=http://fruits&activeOnly=yes', 400, 'invalid'],
      ['url=http://fruits&valueSet=x', 400, 'invalid'],
      ['url=http://fruits&date=2020', 422, 'not-supported'],
      ['url=http://fruits&date=then', 400, 'invalid'],
      ['url=http://fruits&context=http://hl7.org/fhir/StructureDefinition/Patient%23Patient.gender', 400, 'invalid'],
      ['context=http://hl7.org/fhir/StructureDefinition/Patient%23Patient.name', 404, 'not-found'],
      ['context=http://hl7.org/fhir/StructureDefinition/Patient', 404, 'not-found'],
      ['context=http://hl7.org/fhir/StructureDefinition/Group%23Patient.gender', 404, 'not-found'],
      ['context=Patient.__proto__', 404, 'not-found'],
      ['url=http://fruits&url=http://fruits', 400, 'invalid'],
    ])('?%s is %i %s', async (query, status, code) => {
      await put(valueSet('snomed-all', 'http://snomed-all', { system: 'http://snomed.info/sct' }));
      await put(valueSet('unknown-system', 'http://unknown-system', { system: 'http://nowhere' }));
      await put(
        valueSet(
          'circle',
          'http://circle',
          version === 'r4' ? { valueSet: ['http://circle'] } : { valueSet: ['http://circle'] },
        ),
      );
      const answer = await get(`ValueSet/$expand?${query}`);
      expect([answer.status, answer.json.issue[0].code]).toEqual([status, code]);
    });

    test('by the element that a value set is bound to', async () => {
      const context = (path: string): string =>
        `context=http://hl7.org/fhir/StructureDefinition/${path.split('.')[0] ?? ''}%23${path}`;
      const codes = async (query: string) => (await expand(query)).expansion.contains?.map(({ code }) => code);
      expect(await codes(context('Patient.gender'))).toEqual(['male', 'female', 'other', 'unknown']);
      expect(await codes(context('Identifier.use'))).toContain('official');
      expect(await codes(`${context('Patient.maritalStatus')}&filter=divorced`)).toContain('D');
      const validated = await get(`ValueSet/$validate-code?${context('Patient.gender')}&code=male`);
      expect(out(validated.json, 'result')).toBe(true);
    });

    test('a date that is not past is now', async () => {
      expect((await expand('url=http://fruits&date=2999')).expansion.total).toBe(
        (await expand('url=http://fruits')).expansion.total,
      );
      const past = await get(`CodeSystem/$lookup?system=${genderSystem}&code=male&date=1999-01-01`);
      expect([past.status, past.json.issue[0].code]).toEqual([422, 'not-supported']);
    });

    if (version === 'r4')
      test('of the versions of code systems that are asked for', async () => {
        for (const number of ['1', '2']) {
          const tea = { url: 'http://tea', version: number, status: 'active', content: 'complete' };
          const body = {
            resourceType: 'CodeSystem',
            id: `tea-${number}`,
            ...tea,
            concept: [{ code: `leaf-${number}` }],
          };
          await put(body);
        }
        await put(valueSet('tea', 'http://teas', { system: 'http://tea' }));
        await put(valueSet('tea-2', 'http://teas-2', { system: 'http://tea', version: '2' }));
        const code = async (query: string) => (await expand(query)).expansion.contains?.map((each) => each.code);
        expect(await code('url=http://teas')).toEqual(['leaf-2']);
        expect(await code('url=http://teas&system-version=http://tea|1')).toEqual(['leaf-1']);
        expect(await code('url=http://teas-2&system-version=http://tea|1')).toEqual(['leaf-2']);
        expect(await code('url=http://teas-2&force-system-version=http://tea|1')).toEqual(['leaf-1']);
        expect(await code('url=http://teas&check-system-version=http://tea|2')).toEqual(['leaf-2']);
        const other = await get('ValueSet/$expand?url=http://teas&check-system-version=http://tea|1');
        expect([other.status, other.json.issue[0].expression]).toEqual([422, ['check-system-version']]);
        const { parameter } = (await expand('url=http://teas&system-version=http://tea|1')).expansion;
        expect(parameter).toContainEqual({ name: 'system-version', valueString: 'http://tea|1' });
      });

    test('what the version does not have is refused by name', async () => {
      const name = version === 'r4' ? 'limitedExpansion' : 'system-version';
      for (const each of [name, 'profile']) {
        const { status, json } = await get(`ValueSet/$expand?url=http://fruits&${each}=true`);
        expect([status, json.issue[0].code, json.issue[0].expression]).toEqual([400, 'not-supported', [each]]);
      }
    });

    test('a value set sent along must be a valid one', async () => {
      const { status, json } = await server.send('POST', `${root}/ValueSet/$expand`, {
        body: { resourceType: 'ValueSet', compose: 1 },
      });
      expect([status, json.issue.map(({ expression }) => expression?.[0])]).toEqual([
        422,
        expect.arrayContaining(['ValueSet.compose']),
      ]);
    });
  });

  describe('ValueSet/$validate-code', () => {
    const validate = async (query: string, path = 'ValueSet/$validate-code'): Promise<unknown[]> => {
      const { status, json } = await get(`${path}?${query}`);
      expect([status, json.issue]).toEqual([200, undefined]);
      return [out(json, 'result'), out(json, 'display')];
    };

    test('tells whether a code is in a value set, and what it is called', async () => {
      expect(await validate(`url=${gender}&code=male&system=${genderSystem}`)).toEqual([true, 'Male']);
      expect(await validate(`url=${gender}&code=male`)).toEqual([true, 'Male']);
      expect(await validate(`url=${gender}&code=man&system=${genderSystem}`)).toEqual([false, undefined]);
      expect(await validate(`url=${gender}&code=male&system=http://other`)).toEqual([false, undefined]);
      expect(await validate('code=apple&system=http://food', 'ValueSet/fruits/$validate-code')).toEqual([
        true,
        'Apple',
      ]);
      expect(await validate('code=kale&system=http://food', 'ValueSet/fruits/$validate-code')).toEqual([
        false,
        undefined,
      ]);
    });

    test('a display must be one of the concept, a version the known one', async () => {
      const apple = 'url=http://fruits&code=apple&system=http://food';
      expect(await validate(`${apple}&display=apple`)).toEqual([true, 'Apple']);
      expect(await validate(`${apple}&display=Apfel`)).toEqual([true, 'Apple']);
      expect(await validate(`${apple}&display=Orange`)).toEqual([false, 'Apple']);
      expect(await validate(`${apple}&${systemVersion}=1.0`)).toEqual([true, 'Apple']);
      expect(await validate(`${apple}&${systemVersion}=2.0`)).toEqual([false, 'Apple']);
    });

    test('an abstract code is valid only where abstract ones are', async () => {
      const [set, code] = [
        version === 'r4' ? 'http://terminology.hl7.org/ValueSet/v3-ActCode' : 'http://hl7.org/fhir/ValueSet/v3-ActCode',
        '_ActAccountCode',
      ];
      expect(await validate(`url=${set}&code=${code}&system=${actCode}`)).toEqual([false, 'ActAccountCode']);
      expect(await validate(`url=${set}&code=${code}&system=${actCode}&abstract=true`)).toEqual([
        true,
        'ActAccountCode',
      ]);
    });

    test('takes a coding or a concept, of which one coding must be valid', async () => {
      const post = async (...parameter: object[]) =>
        (
          await server.send('POST', `${root}/ValueSet/$validate-code`, {
            body: { resourceType: 'Parameters', parameter: [{ name: 'url', valueUri: 'http://fruits' }, ...parameter] },
          })
        ).json;
      const pear = { system: 'http://food', code: 'pear' };
      const kale = { system: 'http://food', code: 'kale' };
      expect(out(await post({ name: 'coding', valueCoding: pear }), 'result')).toBe(true);
      expect(out(await post({ name: 'coding', valueCoding: kale }), 'result')).toBe(false);
      const concept = (...coding: object[]) => ({ name: 'codeableConcept', valueCodeableConcept: { coding } });
      expect(out(await post(concept(kale, pear)), 'result')).toBe(true);
      expect(out(await post(concept(kale)), 'result')).toBe(false);
      expect((await post(concept(kale), { name: 'coding', valueCoding: pear })).issue[0].expression).toEqual([
        'codeableConcept',
      ]);
      expect((await post()).issue[0].expression).toEqual(['code']);
    });

    test('what cannot be known is not valid, and says why', async () => {
      const set = valueSet('sct', 'http://sct', { system: 'http://snomed.info/sct' });
      const parameter = [
        { name: 'valueSet', resource: set },
        { name: 'coding', valueCoding: { system: 'http://snomed.info/sct', code: '1' } },
      ];
      const { status, json } = await server.send('POST', `${root}/ValueSet/$validate-code`, {
        body: { resourceType: 'Parameters', parameter },
      });
      expect([status, out(json, 'result'), out(json, 'message')]).toEqual([
        200,
        false,
        expect.stringContaining('SNOMED CT'),
      ]);
    });
  });

  test('CodeSystem/$validate-code is an operation of R4', async () => {
    const answer = await get('CodeSystem/$validate-code?url=http://food&code=pear');
    if (version === 'stu3') {
      expect(answer.status).toBe(404);
      return;
    }
    expect([answer.status, out(answer.json, 'result'), out(answer.json, 'display')]).toEqual([200, true, 'Pear']);
    expect(out((await get('CodeSystem/food/$validate-code?code=plum')).json, 'result')).toBe(false);
    expect(out((await get(`CodeSystem/$validate-code?url=${genderSystem}&code=male`)).json, 'result')).toBe(true);
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'url', valueUri: 'http://food' },
        { name: 'coding', valueCoding: { system: genderSystem, code: 'male' } },
      ],
    };
    expect(out((await server.send('POST', `${root}/CodeSystem/$validate-code`, { body })).json, 'result')).toBe(false);
    expect((await get('CodeSystem/$validate-code?url=http://nowhere&code=x')).status).toBe(404);
  });

  describe('$lookup', () => {
    test('tells what is known of a code', async () => {
      const { status, json } = await get('CodeSystem/$lookup?system=http://food&code=apple');
      expect(status).toBe(200);
      expect([out(json, 'name'), out(json, 'version'), out(json, 'display')]).toEqual(['food', '1.0', 'Apple']);
      expect(properties(json)).toEqual([
        ['inactive', false],
        ['parent', 'fruit'],
      ]);
      const designation = (json as unknown as Output).parameter?.find(({ name }) => name === 'designation');
      expect(designation?.part).toEqual([
        { name: 'language', valueCode: 'de' },
        { name: 'value', valueString: 'Apfel' },
      ]);
      expect(validateResource(server.servers[version].definitions, json)).toEqual([]);
    });

    test('tells the properties asked for only', async () => {
      const { json } = await get('CodeSystem/$lookup?system=http://food&code=fruit&property=child&property=lang.de');
      expect(properties(json)).toEqual([
        ['child', 'apple'],
        ['child', 'pear'],
      ]);
    });

    test('knows the code systems of the definitions, definitions and hierarchy included', async () => {
      const coding = { system: genderSystem, code: 'male' };
      const body = { resourceType: 'Parameters', parameter: [{ name: 'coding', valueCoding: coding }] };
      const { json } = await server.send('POST', `${root}/CodeSystem/$lookup`, { body });
      expect([out(json, 'display'), properties(json)[0]]).toEqual([
        'Male',
        ['definition', expect.stringMatching(/^Male/)],
      ]);
      const emergency = await get(`CodeSystem/$lookup?system=${actCode}&code=EMER`);
      expect([out(emergency.json, 'display'), properties(emergency.json)]).toEqual([
        'emergency',
        expect.arrayContaining([['parent', '_ActEncounterCode']]),
      ]);
    });

    test.each([
      ['http://food', {}, 200],
      ['http://food', { system: 'http://food' }, 200],
      ['http://food', { system: genderSystem }, 400],
    ])('of a coding beside the system %s, of %j, is %i', async (valueUri, system, status) => {
      const parameter = [
        { name: 'coding', valueCoding: { ...system, code: 'pear' } },
        { name: 'system', valueUri },
      ];
      const url = { name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/administrative-gender' };
      const statusOf = async (path: string, ...more: object[]): Promise<number> => {
        const body = { resourceType: 'Parameters', parameter: [...parameter, ...more] };
        return (await server.send('POST', `${root}/${path}`, { body })).status;
      };
      expect(await statusOf('CodeSystem/$lookup')).toBe(status);
      expect(await statusOf('ValueSet/$validate-code', url)).toBe(status);
    });

    test.each([
      ['system=http://food&code=plum', 404],
      ['system=http://nowhere&code=plum', 404],
      ['system=http://food&version=2&code=pear', 404],
      ['system=http://snomed.info/sct&code=1', 404],
      ['code=plum', 400],
      ['system=http://food', 400],
    ])('?%s is %i', async (query, status) => {
      expect((await get(`CodeSystem/$lookup?${query}`)).status).toBe(status);
    });
  });

  test('$subsumes tells how two codes of a code system are related', async () => {
    const outcome = async (query: string, path = 'CodeSystem/$subsumes') =>
      out((await get(`${path}?${query}`)).json, 'outcome');
    expect(await outcome('system=http://food&codeA=fruit&codeB=apple')).toBe('subsumes');
    expect(await outcome('system=http://food&codeA=apple&codeB=fruit')).toBe('subsumed-by');
    expect(await outcome('system=http://food&codeA=apple&codeB=apple')).toBe('equivalent');
    expect(await outcome('codeA=kale&codeB=apple', 'CodeSystem/food/$subsumes')).toBe('not-subsumed');
    expect(await outcome(`system=${actCode}&codeA=_ActEncounterCode&codeB=EMER`)).toBe('subsumes');
    expect((await get('CodeSystem/$subsumes?system=http://food&codeA=fruit&codeB=plum')).status).toBe(404);
    expect((await get('CodeSystem/$subsumes?codeA=fruit&codeB=apple')).status).toBe(400);
    const coding = (code: string, system: string) => ({ system, code });
    const parameter = [
      { name: 'codingA', valueCoding: coding('fruit', 'http://food') },
      { name: 'codingB', valueCoding: coding('male', genderSystem) },
    ];
    const { status, json } = await server.send('POST', `${root}/CodeSystem/$subsumes`, {
      body: { resourceType: 'Parameters', parameter },
    });
    expect([status, json.issue[0].expression]).toEqual([400, ['codingB']]);
  });

  test('who may not read value sets may not ask for them; who sees none of the stored ones has those of the definitions', async () => {
    expect((await get(`ValueSet/$expand?url=${gender}`, 'auditor')).status).toBe(403);
    expect((await get(`CodeSystem/$lookup?system=${genderSystem}&code=male`, 'nobody')).status).toBe(403);
    expect((await get(`ValueSet/$expand?url=${gender}`, 'patient-1')).status).toBe(200);
    expect((await get('ValueSet/$expand?url=http://fruits', 'patient-1')).status).toBe(404);
    expect((await get('ValueSet/fruits/$expand', 'patient-1')).status).toBe(404);
    expect((await get('CodeSystem/$lookup?system=http://food&code=pear', 'patient-1')).status).toBe(404);
  });
});
