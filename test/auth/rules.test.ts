import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Interaction, type RoleRules, accessOf, accessUnder, roleRules, scopesSuffice } from '../../auth/rules.js';

const writes: Interaction[] = ['create', 'update', 'patch', 'delete'];
const looks: Interaction[] = ['read', 'vread', 'history', 'search'];
const everyInteraction: Interaction[] = [...looks, ...writes, 'transaction', 'batch', 'capabilities'];
const someTypes = [
  'Patient',
  'Observation',
  'Coverage',
  'Claim',
  'EligibilityRequest',
  'Organization',
  'AuditEvent',
  'List',
];

describe('the role rules', () => {
  test('let a practitioner do everything on every type', () => {
    for (const interaction of everyInteraction) {
      for (const type of someTypes) expect(accessOf(['practitioner'], interaction, type)).toBe('everything');
    }
  });

  test.each(['Coverage', 'Claim', 'ExplanationOfBenefit', 'CoverageEligibilityRequest', 'EligibilityRequest'])(
    'let a non-practitioner look at the financial type %s and change nothing',
    (type) => {
      for (const interaction of looks) expect(accessOf(['non-practitioner'], interaction, type)).toBe('everything');
      for (const interaction of writes) expect(accessOf(['non-practitioner'], interaction, type)).toBe('nothing');
    },
  );

  test.each(['Patient', 'Observation', 'Practitioner', 'AuditEvent'])('hide %s from a non-practitioner', (type) => {
    for (const interaction of looks) expect(accessOf(['non-practitioner'], interaction, type)).toBe('nothing');
  });

  test('let an auditor look at patients and the audit trail, and at nothing else', () => {
    for (const type of ['Patient', 'AuditEvent', 'Provenance'])
      expect(accessOf(['auditor'], 'read', type)).toBe('everything');
    for (const type of ['Observation', 'Coverage', 'Practitioner'])
      expect(accessOf(['auditor'], 'search', type)).toBe('nothing');
    for (const interaction of writes) expect(accessOf(['auditor'], interaction, 'Patient')).toBe('nothing');
  });

  test('let a patient look into their own compartment, and at the directory of care', () => {
    for (const interaction of looks) {
      expect(accessOf(['patient'], interaction, 'Patient')).toBe('compartment');
      expect(accessOf(['patient'], interaction, 'Observation')).toBe('compartment');
      expect(accessOf(['patient'], interaction, 'Practitioner')).toBe('everything');
      expect(accessOf(['patient'], interaction, 'Medication')).toBe('everything');
    }
    for (const interaction of writes) expect(accessOf(['patient'], interaction, 'Patient')).toBe('nothing');
  });

  test('let only a practitioner post transactions, and every group post batches', () => {
    expect(['non-practitioner', 'auditor', 'patient'].map((group) => accessOf([group], 'transaction', ''))).toEqual([
      'nothing',
      'nothing',
      'nothing',
    ]);
    for (const { group } of roleRules) expect(accessOf([group], 'batch', '')).not.toBe('nothing');
  });

  test.each([[[]], [['']], [['constructor']], [['__proto__']], [['*']], [['Practitioner']]])(
    'give the groups %j no right',
    (groups) => {
      for (const interaction of everyInteraction) expect(accessOf(groups, interaction, 'Patient')).toBe('nothing');
    },
  );
});

describe('access under rules', () => {
  const ranks = ['nothing', 'compartment', 'everything'];
  const rule = fc.record({
    group: fc.constantFrom('a', 'b', 'c'),
    interactions: fc.subarray(looks),
    types: fc.subarray(['*', 'Patient', 'List']),
    reach: fc.constantFrom('everything' as const, 'compartment' as const),
  });
  const groups = fc.subarray(['a', 'b', 'c', 'd']);
  const asked = fc.record({
    interaction: fc.constantFrom(...looks),
    type: fc.constantFrom('Patient', 'List', 'Group'),
  });

  test('is the farthest reach any single group or any single rule gives, in whatever order they stand', () => {
    fc.assert(
      fc.property(fc.array(rule), groups, asked, (rules: RoleRules, members, { interaction, type }) => {
        const single = rules.flatMap((one) => members.map((group) => accessUnder([one], [group], interaction, type)));
        const farthest = Math.max(0, ...single.map((reach) => ranks.indexOf(reach)));
        expect(accessUnder(rules, members, interaction, type)).toBe(ranks[farthest]);
        expect(accessUnder([...rules].reverse(), members, interaction, type)).toBe(ranks[farthest]);
      }),
    );
  });
});

describe('scopes', () => {
  test.each([
    ['openid profile', true],
    ['profile email openid', true],
    ['aws.cognito.signin.user.admin', true],
    ['openid', false],
    ['profile', false],
    ['', false],
    ['openid-profile', false],
    ['aws.cognito.signin.user.admin.x', false],
  ])('"%s" suffices: %s', (scope, suffices) => {
    expect(scopesSuffice(scope.split(' '))).toBe(suffices);
  });
});
