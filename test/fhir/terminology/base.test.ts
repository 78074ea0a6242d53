import { describe, expect, test } from '@jest/globals';
import { OperationOutcomeError } from '../../../fhir/outcome.js';
import { loadBaseTerminology } from '../../../fhir/terminology/base.js';
import { codesOf } from '../../../fhir/terminology/expand.js';
import { fhirVersions } from '../../../fhir/version.js';

describe.each(fhirVersions)('the terminology of the definitions, %s', (version) => {
  const finder = async () => {
    const base = await loadBaseTerminology(version);
    return {
      base,
      codeSystem: ({ url }: { url: string }) => Promise.resolve(base.codeSystem(url)),
      valueSet: ({ url }: { url: string }) => Promise.resolve(base.valueSet(url)),
    };
  };

  test('has code systems with displays, definitions, hierarchy and properties', async () => {
    const { base } = await finder();
    const gender = base.codeSystem('http://hl7.org/fhir/administrative-gender');
    expect(gender).toMatchObject({ name: 'AdministrativeGender', content: 'complete', caseSensitive: true });
    const [male] = gender?.concept ?? [];
    expect([male?.code, male?.display, male?.definition?.slice(0, 4)]).toEqual(['male', 'Male', 'Male']);
    const v3 = version === 'r4' ? 'http://terminology.hl7.org/CodeSystem/v3-ActCode' : 'http://hl7.org/fhir/v3/ActCode';
    const account = base.codeSystem(v3)?.concept?.find(({ code }) => code === '_ActAccountCode');
    expect(account?.property).toEqual([{ code: 'notSelectable', valueBoolean: true }]);
    expect(account?.concept?.map(({ code }) => code)).toContain('ACCTRECEIVABLE');
    expect(base.codeSystem('http://nowhere')).toBeUndefined();
    expect(base.codeSystem('toString')).toBeUndefined();
  });

  test('a value set has the displays of its code system where it has none of its own', async () => {
    const found = await finder();
    const yesNo = await codesOf(
      found,
      found.base.valueSet('http://hl7.org/fhir/ValueSet/yesnodontknow') ?? { resourceType: 'ValueSet' },
    );
    expect(yesNo.codes.map(({ code, display }) => [code, display])).toEqual(
      expect.arrayContaining([
        ['Y', 'Yes'],
        ['N', 'No'],
      ]),
    );
  });

  test('every value set that elements bind can be expanded, or says what it lacks', async () => {
    const found = await finder();
    const names = [
      'observation-status',
      'encounter-status',
      'contact-point-system',
      'marital-status',
      'v3-ActEncounterCode',
      'security-labels',
      'all-types',
    ];
    for (const name of names) {
      const urls = [`http://hl7.org/fhir/ValueSet/${name}`, `http://terminology.hl7.org/ValueSet/${name}`];
      const valueSet = urls.map((url) => found.base.valueSet(url)).find((each) => each !== undefined);
      if (valueSet === undefined) throw new Error(`${name} is not there`);
      expect([name, (await codesOf(found, valueSet)).codes.length > 2]).toEqual([name, true]);
    }
    for (const [name, code] of [
      ['languages', undefined],
      ['ucum-units', 'too-costly'],
      ['body-site', 'too-costly'],
      ['observation-codes', 'too-costly'],
    ] as const) {
      const valueSet = found.base.valueSet(`http://hl7.org/fhir/ValueSet/${name}`) ?? { resourceType: 'ValueSet' };
      const result: unknown = await codesOf(found, valueSet).catch((error: unknown) => error);
      const actual = result instanceof OperationOutcomeError ? result.issues[0]?.code : undefined;
      expect([name, actual]).toEqual([name, code]);
    }
  });
});
