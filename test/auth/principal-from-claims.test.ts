import { describe, expect, test } from '@jest/globals';
import { principalFromClaims } from '../../auth/principal-from-claims.js';
import { OperationOutcomeError } from '../../fhir/outcome.js';

const claims = {
  sub: 'u-1',
  username: 'jane',
  'cognito:groups': ['practitioner', 'auditor'],
  scope: 'openid profile',
  client_id: 'c-1',
};

describe('the principal of claims', () => {
  test('is what Cognito writes, by the names of this project', () => {
    expect(principalFromClaims({ ...claims, fhirUser: 'Patient/a.b-1' })).toEqual({
      subject: 'u-1',
      username: 'jane',
      groups: ['practitioner', 'auditor'],
      scopes: ['openid', 'profile'],
      clientId: 'c-1',
      fhirUser: 'Patient/a.b-1',
    });
  });

  test('has no groups, no scopes and its subject for a name when the token says nothing of them', () => {
    expect(principalFromClaims({ sub: 'u-1' })).toEqual({
      subject: 'u-1',
      username: 'u-1',
      groups: [],
      scopes: [],
      clientId: '',
    });
  });

  test.each([['practitioner'], [{ 0: 'practitioner' }], [null], [7], [[['practitioner']]]])(
    'takes groups of the unexpected shape %j for none',
    (groups) => {
      expect(principalFromClaims({ ...claims, 'cognito:groups': groups }).groups).toEqual([]);
    },
  );

  test.each([
    'https://elsewhere.example/fhir/Patient/1',
    'Patient/1/_history/2',
    'patient/1',
    'Patient/',
    '../Patient/1',
    '',
  ])('takes the fhirUser "%s" for none: only a relative reference surely is this server’s', (fhirUser) => {
    expect(principalFromClaims({ ...claims, fhirUser }).fhirUser).toBeUndefined();
  });

  test.each([{}, { sub: '' }, { sub: 7 }])('is refused for claims that name nobody: %j', (nobody) => {
    expect(() => principalFromClaims({ ...claims, sub: undefined, ...nobody })).toThrow(OperationOutcomeError);
  });
});
