import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compartmentsOf } from '../../fhir/compartment.js';
import { loadDefinitions } from '../../fhir/load-definitions.js';

const r4 = await loadDefinitions('r4');
const stu3 = await loadDefinitions('stu3');
const base = 'https://example.org/r4';
const observation = (reference: string): { resourceType: string; subject: { reference: string } } => ({
  resourceType: 'Observation',
  subject: { reference },
});

describe('the compartments', () => {
  test.each([r4, stu3])('are the five of the specification ($version)', ({ compartments }) => {
    expect(compartments.names).toEqual(['Device', 'Encounter', 'Patient', 'Practitioner', 'RelatedPerson']);
    expect(compartments.parameters('Patient', 'Observation')).toEqual(['subject', 'performer']);
    expect(compartments.parameters('Patient', 'Organization')).toEqual([]);
    expect(compartments.parameters('Patient', 'constructor')).toEqual([]);
  });
  test.each([r4, stu3])('name only reference parameters that exist ($version)', ({ compartments, ...definitions }) => {
    for (const name of compartments.names) {
      for (const type of definitions.resourceTypes) {
        for (const code of compartments.parameters(name, type)) {
          expect([name, type, code, definitions.searchParameters.find(type, code)?.type]).toContain('reference');
        }
      }
    }
  });
});

describe('a resource is in the compartments of', () => {
  test('itself, when its type has one and it has an id', () => {
    expect(compartmentsOf(r4, { resourceType: 'Patient', id: '1' })).toEqual(['Patient/1']);
    expect(compartmentsOf(r4, { resourceType: 'Patient' })).toEqual([]);
    expect(compartmentsOf(r4, { resourceType: 'Organization', id: '1' })).toEqual([]);
  });
  test('all it refers to, each once, sorted', () => {
    const resource = {
      ...observation('Patient/2'),
      performer: [{ reference: 'Practitioner/9' }, { reference: 'Patient/2' }, { reference: 'Patient/1/_history/3' }],
      encounter: { reference: 'Encounter/5' },
    };
    expect(compartmentsOf(r4, resource)).toEqual(['Encounter/5', 'Patient/1', 'Patient/2', 'Practitioner/9']);
  });
  test("patients by this server's absolute references, not by another's", () => {
    expect(compartmentsOf(r4, observation(`${base}/Patient/1`), [base])).toEqual(['Patient/1']);
    expect(compartmentsOf(r4, observation('https://other.example/Patient/1'), [base])).toEqual([]);
    expect(compartmentsOf(r4, observation(`${base}/Patient/1`))).toEqual([]);
  });
  test.each(['#p', 'urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11', 'Patient?identifier=1', 'Group/1', 'Patient/', ''])(
    'nobody by "%s"',
    (reference) => {
      const resource = { ...observation(reference), contained: [{ resourceType: 'Patient', id: 'p' }] };
      expect(compartmentsOf(r4, resource)).toEqual([]);
    },
  );
  test('the patients an STU3 audit event names, whom the specification reaches through chains', () => {
    const event = {
      resourceType: 'AuditEvent',
      agent: [{ reference: { reference: 'Patient/1' } }, { reference: { reference: 'Practitioner/2' } }],
      entity: [{ reference: { reference: 'Patient/3' } }],
    };
    expect(compartmentsOf(stu3, event)).toEqual(expect.arrayContaining(['Patient/1', 'Patient/3']));
  });
  test('nobody when what stands there is no reference', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (subject) => {
        const found = compartmentsOf(r4, { resourceType: 'Observation', subject });
        for (const compartment of found) expect(JSON.stringify(subject)).toContain(compartment);
      }),
    );
  });
});
