import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Access } from '../../auth/access.js';
import type { AskedInteraction } from '../../auth/authorizer.js';
import { authorizerFor } from '../../auth/authorizers.js';
import type { Principal } from '../../auth/principal.js';
import { roleRules } from '../../auth/rules.js';
import { bySmartScopes } from '../../auth/smart.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';

const smart = bySmartScopes(roleRules);
const principal = (scope: string, more: Partial<Principal> = {}): Principal => ({
  subject: 's',
  username: 'jane',
  groups: [],
  scopes: scope.split(' '),
  clientId: 'c',
  ...more,
});

/** What is opened, or the words of the refusal. */
function decided(who: Principal, interaction: AskedInteraction, type: string, authorizer = smart): Access | 'refused' {
  try {
    return authorizer.authorize(who, interaction, type);
  } catch (error) {
    if (error instanceof OperationOutcomeError && error.status === 403) return 'refused';
    throw error;
  }
}

const everything = { kind: 'everything' };
const inside = (patient: string, ...criteria: string[]) => ({
  kind: 'limited',
  grants: [{ compartments: [patient], criteria }],
});

describe('patient/ scopes', () => {
  const who = principal('launch/patient patient/Observation.rs patient/Organization.cruds', { patient: 'Patient/7' });

  test('open the compartment of the patient in context, for the letters and types they name', () => {
    expect(decided(who, 'read', 'Observation')).toEqual(inside('Patient/7'));
    expect(decided(who, 'search', 'Observation')).toEqual(inside('Patient/7'));
    expect(decided(who, 'create', 'Observation')).toBe('refused');
    expect(decided(who, 'read', 'Patient')).toBe('refused');
  });

  test('let who gives care, and where, be read and never be changed', () => {
    expect(decided(who, 'read', 'Organization')).toEqual(everything);
    for (const interaction of ['create', 'update', 'delete'] as const)
      expect(decided(who, interaction, 'Organization')).toBe('refused');
  });

  test('without a patient in context are for the patient that the user is, or for nobody', () => {
    const scope = 'patient/*.read';
    expect(decided(principal(scope, { fhirUser: 'Patient/8' }), 'read', 'Observation')).toEqual(inside('Patient/8'));
    expect(decided(principal(scope, { fhirUser: 'Practitioner/8' }), 'read', 'Observation')).toBe('refused');
    expect(() => smart.authorize(principal(scope), 'read', 'Observation')).toThrow('the token names no patient');
  });

  test('open no more than the groups of the user may do', () => {
    const accountant = principal('patient/*.cruds', { groups: ['non-practitioner'], patient: 'Patient/7' });
    expect(decided(accountant, 'read', 'Observation')).toBe('refused');
    expect(decided(accountant, 'read', 'Coverage')).toEqual(inside('Patient/7'));
    expect(decided(accountant, 'update', 'Coverage')).toBe('refused');
  });

  test('open to who may look into their own record that one only, whatever the context says', () => {
    const own = { groups: ['patient'], fhirUser: 'Patient/7' };
    expect(decided(principal('patient/*.rs', { ...own, patient: 'Patient/7' }), 'read', 'Observation')).toEqual(
      inside('Patient/7'),
    );
    expect(decided(principal('patient/*.rs', { ...own, patient: 'Patient/8' }), 'read', 'Observation')).toBe('refused');
  });

  test('with a search open what matches it as well; several open what any of them does', () => {
    const labs = 'patient/Observation.rs?category=laboratory';
    expect(decided(principal(labs, { patient: 'Patient/7' }), 'read', 'Observation')).toEqual(
      inside('Patient/7', 'category=laboratory'),
    );
    const both = principal(`${labs} patient/Observation.r?category=vital-signs`, { patient: 'Patient/7' });
    expect(decided(both, 'read', 'Observation')).toEqual({
      kind: 'limited',
      grants: [
        { compartments: ['Patient/7'], criteria: ['category=laboratory'] },
        { compartments: ['Patient/7'], criteria: ['category=vital-signs'] },
      ],
    });
    expect(decided(both, 'search', 'Observation')).toEqual(inside('Patient/7', 'category=laboratory'));
  });
});

describe('user/ scopes', () => {
  test('open what the groups of the user may do, and no more', () => {
    expect(decided(principal('user/*.cruds', { groups: ['practitioner'] }), 'delete', 'Patient')).toEqual(everything);
    expect(decided(principal('user/*.rs', { groups: ['practitioner'] }), 'delete', 'Patient')).toBe('refused');
    expect(decided(principal('user/*.cruds', { groups: ['auditor'] }), 'read', 'Observation')).toBe('refused');
    expect(decided(principal('user/Patient.rs?gender=male', { groups: ['auditor'] }), 'read', 'Patient')).toEqual({
      kind: 'limited',
      grants: [{ criteria: ['gender=male'] }],
    });
  });

  test('open to a patient in no group their own record; to others in no group, nothing', () => {
    expect(decided(principal('user/*.rs', { fhirUser: 'Patient/7' }), 'read', 'Observation')).toEqual(
      inside('Patient/7'),
    );
    expect(decided(principal('user/*.cruds', { fhirUser: 'Patient/7' }), 'update', 'Observation')).toBe('refused');
    expect(decided(principal('user/*.rs', { fhirUser: 'Practitioner/7' }), 'read', 'Observation')).toBe('refused');
  });
});

test('system/ scopes count for applications without a user only', () => {
  const scope = 'system/*.rs';
  expect(decided(principal(scope, { isApplication: true }), 'read', 'Observation')).toEqual(everything);
  expect(decided(principal(scope, { isApplication: true }), 'create', 'Observation')).toBe('refused');
  expect(decided(principal(scope, { groups: ['practitioner'] }), 'read', 'Observation')).toBe('refused');
  expect(decided(principal('user/*.rs patient/*.rs', { isApplication: true }), 'read', 'Observation')).toBe('refused');
});

test('a token without scopes for resources opens nothing, nor does any make the index anew', () => {
  for (const scope of ['openid profile', 'launch/patient', 'patient/*.sr']) {
    const who = principal(scope, { groups: ['practitioner'], patient: 'Patient/7' });
    for (const interaction of ['read', 'batch', 'transaction'] as const)
      expect([scope, decided(who, interaction, 'Patient')]).toEqual([scope, 'refused']);
  }
  expect(decided(principal('system/*.cruds', { isApplication: true }), 'reindex', 'Patient')).toBe('refused');
});

describe('the setting AUTHORIZATION', () => {
  const signedIn = principal('openid profile', { groups: ['practitioner'] });
  const limited = principal('openid profile patient/Observation.rs', {
    groups: ['practitioner'],
    patient: 'Patient/7',
  });

  test('roles: a token limited by SMART scopes is refused rather than taken for an unlimited one', () => {
    const authorizer = authorizerFor('roles', roleRules);
    expect(decided(signedIn, 'read', 'Patient', authorizer)).toEqual(everything);
    expect(decided(limited, 'read', 'Observation', authorizer)).toBe('refused');
    expect(() => authorizer.authorize(limited, 'read', 'Observation')).toThrow('AUTHORIZATION=smart');
  });

  test('smart: groups alone open nothing', () => {
    expect(decided(signedIn, 'read', 'Patient', authorizerFor('smart', roleRules))).toBe('refused');
  });

  test('roles+smart: each token is held to what it has, a limited one never to its groups alone', () => {
    const authorizer = authorizerFor('roles+smart', roleRules);
    expect(decided(signedIn, 'read', 'Patient', authorizer)).toEqual(everything);
    expect(decided(limited, 'read', 'Observation', authorizer)).toEqual(inside('Patient/7'));
    expect(decided(limited, 'read', 'Patient', authorizer)).toBe('refused');
    const typo = principal('openid profile patient/Observation.sr', { groups: ['practitioner'] });
    expect(decided(typo, 'read', 'Observation', authorizer)).toBe('refused');
  });
});

test('a user’s scopes never open what the role rules do not, whatever they are', () => {
  const scope = fc
    .tuple(
      fc.constantFrom('patient', 'user', 'system'),
      fc.constantFrom('*', 'Patient', 'Observation', 'Organization'),
      fc.constantFrom('read', 'write', '*', 'r', 's', 'cruds'),
    )
    .map(([context, type, permissions]) => `${context}/${type}.${permissions}`);
  fc.assert(
    fc.property(
      fc.array(scope, { maxLength: 4 }),
      fc.constantFrom('practitioner', 'non-practitioner', 'auditor', 'patient'),
      fc.constantFrom('read', 'vread', 'history', 'search', 'create', 'update', 'delete'),
      fc.constantFrom('Patient', 'Observation', 'Organization', 'Coverage'),
      (scopes, group, interaction, type) => {
        const who = principal(scopes.join(' '), { groups: [group], fhirUser: 'Patient/7', patient: 'Patient/7' });
        const roles = decided(
          { ...who, scopes: ['openid', 'profile'] },
          interaction,
          type,
          authorizerFor('roles', roleRules),
        );
        const opened = decided(who, interaction, type);
        if (roles === 'refused') expect(opened).toBe('refused');
        if (roles !== 'refused' && roles.kind === 'limited') expect(opened).not.toEqual(everything);
      },
    ),
  );
});
