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

  test.each([
    [{ launch_response_patient: 'a1' }, 'Patient/a1'],
    [{ patient: 'Patient/a1' }, 'Patient/a1'],
    [{ 'custom:patient': 'a1', patient: 'Patient/a1' }, 'Patient/a1'],
    [{ launch_response_patient: 'a1', patient: 'a2' }, undefined], // which of them?
    [{ patient: 'Practitioner/a1' }, undefined],
    [{ patient: 'https://elsewhere.example/Patient/a1' }, undefined],
    [{ patient: 'Patient/a1/_history/1' }, undefined],
    [{ patient: ['a1'] }, undefined],
    [{ patient: 'a 1' }, undefined],
  ])('has of the claims %j the patient in context %s', (more, patient) => {
    expect(principalFromClaims({ ...claims, ...more }).patient).toBe(patient);
  });

  test('is an application when the token was given to one by client credentials: its subject is the client', () => {
    const application = { sub: 'app', client_id: 'app', scope: 'system/*.read' };
    expect(principalFromClaims(application).isApplication).toBe(true);
    expect(principalFromClaims({ ...application, username: 'jane' }).isApplication).toBeUndefined();
    expect(principalFromClaims({ ...application, sub: 'u-1' }).isApplication).toBeUndefined();
    expect(principalFromClaims({ sub: 'u-1' }).isApplication).toBeUndefined();
  });

  test.each([{}, { sub: '' }, { sub: 7 }])('is refused for claims that name nobody: %j', (nobody) => {
    expect(() => principalFromClaims({ ...claims, sub: undefined, ...nobody })).toThrow(OperationOutcomeError);
  });
});
