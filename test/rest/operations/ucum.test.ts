import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestServer } from '../../support/server.js';

// UCUM has a grammar instead of a list: https://hl7.org/fhir/R4/ucum.html

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const ucum = 'http://unitsofmeasure.org';

interface Output {
  readonly parameter: readonly {
    readonly name: string;
    readonly valueBoolean?: boolean;
    readonly valueString?: string;
  }[];
}

describe.each(fhirVersions)('units, %s', (version) => {
  const get = (path: string) => server.send('GET', `/${version}/${path}`);
  const out = async (path: string, name: string): Promise<boolean | string | undefined> => {
    const { status, json } = await get(path);
    expect(status).toBe(200);
    const found = (json as unknown as Output).parameter.find((each) => each.name === name);
    return found?.valueBoolean ?? found?.valueString;
  };
  const units = `ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/ucum-units&system=${ucum}`;

  test.each(['mg', 'mm[Hg]', 'kg/m2', '10*3/uL', '{score}', 'Cel', '%25', 'mL/min/{1.73_m2}', '[iU]/L'])(
    '%s is a code of the value set of all units',
    async (code) => {
      expect(await out(`${units}&code=${code}`, 'result')).toBe(true);
    },
  );

  test.each(['mmHg', 'milligram', 'MG2x', 'cells/', 'a'.repeat(1000)])('"%s" is none', async (code) => {
    expect(await out(`${units}&code=${encodeURIComponent(code)}`, 'result')).toBe(false);
  });

  test('a code is told by its name, and its display is compared', async () => {
    expect(await out(`CodeSystem/$lookup?system=${ucum}&code=mg`, 'display')).toBe('milligram');
    expect(await out(`CodeSystem/$lookup?system=${ucum}&code=mg`, 'name')).toBe('UCUM');
    expect(await out(`${units}&code=mg&display=milligram`, 'result')).toBe(true);
    expect(await out(`${units}&code=mg&display=gram`, 'result')).toBe(false);
    expect((await get(`CodeSystem/$lookup?system=${ucum}&code=milligram`)).status).toBe(404);
  });

  test('a value set of other codes does not have it, and all units cannot be listed', async () => {
    const gender = `ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender`;
    expect(await out(`${gender}&system=${ucum}&code=mg`, 'result')).toBe(false);
    const { status, json } = await get('ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/ucum-units');
    expect([status, json.issue[0].code]).toEqual([422, 'too-costly']);
  });

  test('codes are compared with themselves only', async () => {
    const subsumes = async (codeB: string): Promise<unknown> =>
      (await get(`CodeSystem/$subsumes?system=${ucum}&codeA=mg&codeB=${codeB}`)).json;
    expect(await subsumes('mg')).toMatchObject({ parameter: [{ name: 'outcome', valueCode: 'equivalent' }] });
    expect(await subsumes('g')).toMatchObject({ parameter: [{ name: 'outcome', valueCode: 'not-subsumed' }] });
  });

  if (version === 'r4') {
    test('the code system itself validates codes', async () => {
      expect(await out(`CodeSystem/$validate-code?url=${ucum}&code=mg`, 'result')).toBe(true);
      expect(await out(`CodeSystem/$validate-code?url=${ucum}&code=mmHg`, 'result')).toBe(false);
    });
  }
});
