import { pick, randomFrom } from './random.js';

/** The family names generated patients have: the first search asks for one of them. */
export const families =
  'Abbott Bashirian Cole Dach Ebert Feest Gusikowski Hansen Ibarra Jakubowski Kuhn Lang Muller Nader Oberbrunner Parker Quigley Rau Schmidt Trantow Upton Volkman Walsh Yundt Zieme'.split(
    ' ',
  );
const givenNames =
  'Aaron Bette Carlos Dora Emil Fiona Gary Hilda Ivan Jenna Kurt Lana Milo Nina Omar Pearl Ray Sue Tim Uma'.split(' ');

/** LOINC code, name, UCUM unit and usual range of the generated observations. */
const laboratory: readonly (readonly [string, string, string, number, number])[] = [
  ['8302-2', 'Body height', 'cm', 150, 195],
  ['29463-7', 'Body weight', 'kg', 50, 120],
  ['8867-4', 'Heart rate', '/min', 50, 110],
  ['9279-1', 'Respiratory rate', '/min', 12, 20],
  ['2339-0', 'Glucose', 'mg/dL', 65, 180],
  ['4548-4', 'Hemoglobin A1c', '%', 4.5, 9],
  ['2093-3', 'Total cholesterol', 'mg/dL', 130, 260],
  ['2571-8', 'Triglycerides', 'mg/dL', 60, 300],
  ['38483-4', 'Creatinine', 'mg/dL', 0.5, 1.6],
  ['6299-2', 'Urea nitrogen', 'mg/dL', 6, 22],
];

/** The LOINC codes of the generated observations. */
export const laboratoryCodes = laboratory.map(([code]) => code);

const coding = (system: string, code: string, display: string): object => ({
  coding: [{ system, code, display }],
  text: display,
});
const term = (system: string, code: string): object => ({
  coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
});
const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** A Synthea-like Patient of about 1.3 KB. */
export function generatePatient(random: () => number, number: number): object {
  const family = pick(random, families);
  const given = pick(random, givenNames);
  const serial = `${String(number)}-${String(Math.floor(random() * 1e9))}`;
  return {
    resourceType: 'Patient',
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${given} ${family}</div>` },
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName',
        valueString: `${pick(random, givenNames)} ${pick(random, families)}`,
      },
    ],
    identifier: [
      { system: 'https://github.com/synthetichealth/synthea', value: `p-${serial}` },
      {
        type: coding('http://terminology.hl7.org/CodeSystem/v2-0203', 'MR', 'Medical Record Number'),
        system: 'http://hospital.smarthealthit.org',
        value: `mrn-${serial}`,
      },
    ],
    active: true,
    name: [{ use: 'official', family, given: [given, pick(random, givenNames)], prefix: ['Mr.'] }],
    telecom: [{ system: 'phone', value: `555-${String(1000 + Math.floor(random() * 9000))}`, use: 'home' }],
    gender: random() < 0.5 ? 'male' : 'female',
    birthDate: `${String(1930 + Math.floor(random() * 90))}-0${String(1 + Math.floor(random() * 9))}-${String(10 + Math.floor(random() * 18))}`,
    address: [{ line: ['100 Main St'], city: 'Worcester', state: 'MA', postalCode: '01602', country: 'US' }],
    maritalStatus: coding('http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', 'M', 'Married'),
    communication: [{ language: coding('urn:ietf:bcp:47', 'en-US', 'English') }],
  };
}

const generateObservation = (random: () => number, subject: string, encounter: string, time: string): object => {
  const [code, display, unit, low, high] = pick(random, laboratory);
  return {
    resourceType: 'Observation',
    status: 'final',
    category: [term('observation-category', 'laboratory')],
    code: coding('http://loinc.org', code, display),
    subject: { reference: subject },
    encounter: { reference: encounter },
    effectiveDateTime: time,
    issued: time.replace('Z', '.000Z'),
    valueQuantity: {
      value: Number((low + random() * (high - low)).toFixed(2)),
      unit,
      system: 'http://unitsofmeasure.org',
      code: unit,
    },
  };
};

/**
 * A transaction of one patient with encounters, conditions and observations, linked by urn:uuid.
 * @param seed makes the bundle; equal seeds, equal bundles.
 * @param entries how many entries it has, ≥ 3.
 */
export function generateBundle(seed: number, entries: number): object {
  const random = randomFrom(seed * 7919 + 13);
  const entry: object[] = [];
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const add = (resource: object & { resourceType?: string }, type: string): string => {
    const fullUrl = `urn:uuid:${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
    entry.push({ fullUrl, resource, request: { method: 'POST', url: type } });
    return fullUrl;
  };
  const subject = add(generatePatient(random, seed), 'Patient');
  let encounter = '';
  let time = '';
  while (entry.length < entries) {
    const place = (entry.length - 1) % 20;
    if (place === 0) {
      const year = String(2010 + (Math.floor(entry.length / 20) % 15));
      time = `${year}-${twoDigits(1 + Math.floor(random() * 12))}-${String(10 + Math.floor(random() * 18))}T09:00:00Z`;
      const visit = {
        resourceType: 'Encounter',
        status: 'finished',
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
        type: [coding('http://snomed.info/sct', '162673000', 'General examination of patient')],
        subject: { reference: subject },
        period: { start: time, end: time.replace('T09:00', 'T09:30') },
      };
      encounter = add(visit, 'Encounter');
    } else if (place === 1) {
      const condition = {
        resourceType: 'Condition',
        clinicalStatus: term('condition-clinical', 'active'),
        verificationStatus: term('condition-ver-status', 'confirmed'),
        code: coding('http://snomed.info/sct', '59621000', 'Essential hypertension'),
        subject: { reference: subject },
        encounter: { reference: encounter },
        onsetDateTime: time,
        recordedDate: time,
      };
      add(condition, 'Condition');
    } else add(generateObservation(random, subject, encounter, time), 'Observation');
  }
  return { resourceType: 'Bundle', type: 'transaction', entry };
}
