import { describe, expect, test } from '@jest/globals';
import type { Principal } from '../../auth/principal.js';
import { byRoles } from '../../auth/roles.js';
import { roleRules } from '../../auth/rules.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';

const principal = (changes: Partial<Principal> = {}): Principal => ({
  subject: 's',
  username: 'jane',
  groups: ['practitioner'],
  scopes: ['openid', 'profile'],
  clientId: 'c',
  ...changes,
});

function refusal(act: () => unknown): { status: number; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof OperationOutcomeError) return { status: error.status, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('authorization by roles', () => {
  test('lets a practitioner see everything', () => {
    expect(byRoles(roleRules).authorize(principal(), 'search', 'Observation')).toEqual({ kind: 'everything' });
  });

  test('limits a patient to the compartment their token names', () => {
    const patient = principal({ groups: ['patient'], fhirUser: 'Patient/7' });
    expect(byRoles(roleRules).authorize(patient, 'read', 'Observation')).toEqual({
      kind: 'limited',
      grants: [{ compartments: ['Patient/7'], criteria: [] }],
    });
    expect(byRoles(roleRules).authorize(patient, 'read', 'Organization')).toEqual({ kind: 'everything' });
  });

  test('of several groups, the one that reaches farthest counts', () => {
    const both = principal({ groups: ['patient', 'practitioner'], fhirUser: 'Patient/7' });
    expect(byRoles(roleRules).authorize(both, 'read', 'Observation')).toEqual({ kind: 'everything' });
  });

  test('names who, what and the type when the rules forbid it', () => {
    expect(
      refusal(() => byRoles(roleRules).authorize(principal({ groups: ['auditor'] }), 'create', 'Patient')),
    ).toEqual({
      status: 403,
      message: 'jane (auditor) may not create Patient',
    });
    expect(refusal(() => byRoles(roleRules).authorize(principal({ groups: [] }), 'transaction'))).toEqual({
      status: 403,
      message: 'jane (in no group) may not post a transaction',
    });
  });

  test.each([undefined, 'Practitioner/7', 'RelatedPerson/7', 'https://elsewhere.example/Patient/7', 'Patients/7'])(
    'gives a patient whose token names %s no compartment at all',
    (fhirUser) => {
      const patient = principal({ groups: ['patient'], ...(fhirUser === undefined ? {} : { fhirUser }) });
      const { status, message } = refusal(() => byRoles(roleRules).authorize(patient, 'read', 'Patient'));
      expect(status).toBe(403);
      expect(message).toContain('fhirUser');
    },
  );

  test('refuses a token of other scopes, whatever the group, and names those that count', () => {
    const { status, message } = refusal(() =>
      byRoles(roleRules).authorize(principal({ scopes: ['openid', 'email'] }), 'read', 'Patient'),
    );
    expect(status).toBe(403);
    expect(message).toContain('"openid email"');
    expect(message).toContain('"openid" and "profile", or for "aws.cognito.signin.user.admin"');
  });
});
