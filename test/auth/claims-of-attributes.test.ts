import { expect, test } from '@jest/globals';
import { handler } from '../../auth/add-claims-lambda.js';
import { claimsOfAttributes } from '../../auth/claims-of-attributes.js';
import { principalFromClaims } from '../../auth/principal-from-claims.js';

test('who a user is in the records becomes a claim, and whose record they open', () => {
  const claims = claimsOfAttributes({ sub: 's', 'custom:fhirUser': 'Practitioner/7', 'custom:patient': ' p1 ' });
  expect(claims).toEqual({ fhirUser: 'Practitioner/7', patient: 'p1' });
  expect(principalFromClaims({ sub: 's', ...claims })).toMatchObject({
    fhirUser: 'Practitioner/7',
    patient: 'Patient/p1',
  });
});

test('attributes that are not set, and all others, give no claim', () => {
  expect(claimsOfAttributes({ 'custom:patient': '', fhirUser: 'Practitioner/7', email: 'a@example.org' })).toEqual({});
});

test('the claims go into the access token, as Cognito takes them', async () => {
  const event = { request: { userAttributes: { 'custom:fhirUser': 'Patient/p1' } }, response: {} };
  expect((await handler(event)).response).toEqual({
    claimsAndScopeOverrideDetails: {
      accessTokenGeneration: { claimsToAddOrOverride: { fhirUser: 'Patient/p1' } },
    },
  });
});
