/** Who asks: what a verified access token says. */
export interface Principal {
  /** The token's `sub`. */
  readonly subject: string;
  readonly username: string;
  /** The token's `cognito:groups`. */
  readonly groups: readonly string[];
  /** The token's `scope`, split. */
  readonly scopes: readonly string[];
  readonly clientId: string;
  /** The resource the person is, as `Patient/1`, when the token says so. */
  readonly fhirUser?: string;
  /** The patient the token was given for, as `Patient/1`: the launch context of SMART on FHIR. */
  readonly patient?: string;
  /** Whether the token speaks for an application alone: it was got by client credentials, without a user. */
  readonly isApplication?: boolean;
}
