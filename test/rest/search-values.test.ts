import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions } from '../../fhir/version.js';
import { startTestServer, type TestServer } from '../support/server.js';

const ucum = 'http://unitsofmeasure.org';
const loinc = 'http://loinc.org';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    for (const patient of ['p1', 'p2']) {
      await put(version, { resourceType: 'Patient', id: patient });
    }
    const systolic = (id: string, patient: string, value: number, unit = 'mm[Hg]', diastolic = 70): object => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { coding: [{ system: loinc, code: '85354-9', display: 'Blood pressure panel' }] },
      subject: { reference: `Patient/${patient}` },
      component: [
        {
          code: { coding: [{ system: loinc, code: '8480-6' }] },
          valueQuantity: { value, unit, system: ucum, code: unit },
        },
        {
          code: { coding: [{ system: loinc, code: '8462-4' }] },
          valueQuantity: { value: diastolic, unit: 'mmHg', system: ucum, code: 'mm[Hg]' },
        },
      ],
    });
    await put(version, systolic('low', 'p1', 95));
    await put(version, systolic('high', 'p2', 150));
    await put(version, systolic('kilo', 'p2', 21, 'kPa')); // 157.5 mm[Hg]
    await put(version, systolic('swapped', 'p2', 70, 'mm[Hg]', 150));
    const weight = (id: string, value: number, code: string): object => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { text: 'Body weight' },
      subject: { reference: 'Patient/p1' },
      valueQuantity: { value, system: ucum, code, unit: code },
    });
    await put(version, weight('grams', 3400, 'g'));
    await put(version, weight('kilos', 3.2, 'kg'));
    await put(version, weight('pounds', 8, '[lb_av]')); // 3.63 kg
  }
});
afterAll(() => server.close());

async function put(version: string, resource: object): Promise<void> {
  const { resourceType, id } = resource as { resourceType: string; id: string };
  const { status, text } = await server.send('PUT', `/${version}/${resourceType}/${id}`, { body: resource });
  if (status !== 201) throw new Error(text);
}

describe.each(fhirVersions)('%s over HTTP', (version) => {
  const found = async (query: string, as = 'practitioner'): Promise<string[]> => {
    const { status, json, text } = await server.send('GET', `/${version}/${query}`, { as });
    if (status !== 200) throw new Error(text);
    const entries = (json as Partial<typeof json>).entry ?? []; // FHIR has no empty lists
    return entries.map(({ resource }) => resource?.id ?? '');
  };

  test('a composite finds what stands together, in any convertible unit', async () => {
    const query = `Observation?component-code-value-quantity=${loinc}|8480-6$gt120|${ucum}|mm[Hg]`;
    expect((await found(query)).sort()).toEqual(['high', 'kilo']);
    expect(await found('Observation?component-code-value-quantity=8462-4$gt120')).toEqual(['swapped']);
    expect((await found('Observation?component-code-value-quantity=8462-4$gt120,8480-6$lt90||kPa')).sort()).toEqual([
      'kilo',
      'swapped',
    ]);
  });

  test('a search by quantity is counted, and sorts by the canonical value', async () => {
    const query = `Observation?value-quantity=lt3500|${ucum}|g&_sort=value-quantity`;
    expect(await found(query)).toEqual(['kilos', 'grams']);
    const sorted = await found('Observation?value-quantity:missing=false&_sort=-value-quantity');
    expect(sorted).toEqual(['pounds', 'grams', 'kilos']);
    const { json } = await server.send('GET', `/${version}/Observation?value-quantity=8||[lb_av]&_summary=count`);
    expect(json.total).toBe(1);
  });

  test('who may see one patient finds only what is theirs', async () => {
    expect(await found('Observation?component-value-quantity=gt0', 'patient-1')).toEqual(['low']);
    expect(await found('Observation?component-code-value-quantity=8480-6$gt120', 'patient-1')).toEqual([]);
    expect(await found('Observation?code:text=blood', 'patient-1')).toEqual(['low']);
  });

  test('the capability statement has quantities and composites, and what is refused is not in it', async () => {
    const { text } = await server.send('GET', `/${version}/metadata`);
    const { rest } = JSON.parse(text) as {
      rest: { resource: { type: string; searchParam?: { name: string; type: string }[] }[] }[];
    };
    const parameters = (type: string): string[] =>
      (rest[0]?.resource.find((each) => each.type === type)?.searchParam ?? []).map(
        (each) => `${each.name} ${each.type}`,
      );
    expect(parameters('Observation')).toEqual(
      expect.arrayContaining(['value-quantity quantity', 'combo-code-value-quantity composite']),
    );
    expect(parameters('Location').filter((each) => each.startsWith('near'))).toEqual(
      version === 'r4' ? ['near special'] : ['near token', 'near-distance quantity'],
    );
    expect(parameters('Location').filter((each) => each.startsWith('_query'))).toEqual([]);
  });
});
