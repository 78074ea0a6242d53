import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasSmartScopes } from '../../auth/rules.js';
import { covers, parseSmartScope } from '../../auth/smart-scopes.js';

describe('a SMART scope', () => {
  test.each([
    ['patient/Observation.read', { context: 'patient', type: 'Observation', permissions: 'rs' }],
    ['user/*.write', { context: 'user', type: '*', permissions: 'cud' }],
    ['system/*.*', { context: 'system', type: '*', permissions: 'cruds' }],
    ['patient/Observation.rs', { context: 'patient', type: 'Observation', permissions: 'rs' }],
    ['user/Patient.cruds', { context: 'user', type: 'Patient', permissions: 'cruds' }],
    ['system/*.s', { context: 'system', type: '*', permissions: 's' }],
    [
      'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
      {
        context: 'patient',
        type: 'Observation',
        permissions: 'rs',
        query: 'category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
      },
    ],
  ])('%s is understood', (text, scope) => {
    expect(parseSmartScope(text)).toEqual(scope);
    expect(hasSmartScopes(['openid', text])).toBe(true);
  });

  test.each([
    'patient/Observation.sr', // not in the order of cruds
    'patient/Observation.rr',
    'patient/Observation.',
    'patient/Observation',
    'patient/Observation.reads',
    'patient/Observation.READ',
    'patient/observation.read',
    'patient/Observation.read?category=laboratory', // only scopes of SMART 2 have a search
    'patient/Observation.rs?',
    'patient/Obs*.rs',
    'everyone/*.rs',
    'launch/patient',
    'a/patient/Observation.rs',
    'openid',
    '',
  ])('"%s" is none for resources', (text) => {
    expect(parseSmartScope(text)).toBeUndefined();
  });

  test.each(['launch', 'launch/patient', 'patient/typo', 'system/x'])('"%s" keeps the role rules out', (text) => {
    expect(hasSmartScopes(['openid', 'profile', text])).toBe(true);
  });

  test.each(['openid', 'profile', 'patients', 'aws.cognito.signin.user.admin', 'https://api/patient/x'])(
    '"%s" is of no concern to SMART',
    (text) => {
      expect(hasSmartScopes([text])).toBe(false);
    },
  );
});

test('letters open what the specification says, on the type named and no other', () => {
  const opened: Readonly<Record<string, readonly string[]>> = {
    c: ['create'],
    r: ['read', 'vread', 'history'],
    u: ['update', 'patch', 'update-create'],
    d: ['delete'],
    s: ['search', 'history-type'],
  };
  const interactions = [...Object.values(opened).flat(), 'reindex', 'batch'] as const;
  fc.assert(
    fc.property(
      fc.subarray(['c', 'r', 'u', 'd', 's'], { minLength: 1 }),
      fc.constantFrom('*', 'Patient', 'Observation'),
      fc.constantFrom('Patient', 'Observation', 'List'),
      (letters, type, asked) => {
        const scope = parseSmartScope(`patient/${type}.${letters.join('')}`);
        expect(scope).toBeDefined();
        if (scope === undefined) return;
        for (const interaction of interactions) {
          const isOpen = letters.some((letter) => opened[letter]?.includes(interaction));
          expect(covers(scope, interaction as 'read', asked)).toBe(isOpen && (type === '*' || type === asked));
        }
      },
    ),
  );
});
