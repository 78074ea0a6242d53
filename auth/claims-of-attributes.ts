/** Claims by name. */
export type AttributeClaims = Readonly<Record<string, string>>;

/**
 * The claims that say who a user is in the records, whose record they open, and of which tenant they are; they come from
 * attributes of the pool's own.
 */
const claims = ['fhirUser', 'patient', 'tenantId'];

/**
 * The claims of an access token that `principalFromClaims` reads, out of a user's attributes `custom:fhirUser`,
 * `custom:patient` and `custom:tenantId`. They lose `custom:`, a prefix that the issuer keeps for its own.
 * @param attributes of the user; those that are not set give no claim.
 */
export const claimsOfAttributes = (attributes: Readonly<Record<string, string | undefined>>): AttributeClaims =>
  Object.fromEntries(
    claims.flatMap((name) => {
      const value = attributes[`custom:${name}`]?.trim() ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
