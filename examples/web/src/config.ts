/** Where the server and its sign-in are: public/config.json, read when the page is loaded. */
export interface Config {
  /** The GraphQL endpoint: `https://127.0.0.1:3000/r4/graphql`, or AppSync's. */
  readonly graphql: string;
  /** The base of REST, no slash at the end: edits are patches, which GraphQL has none of. */
  readonly fhir: string;
  readonly region: string;
  /** OpenID Connect: the local sign-in, or `https://cognito-idp.<region>.amazonaws.com/<user pool>`. */
  readonly signIn: { readonly authority: string; readonly clientId: string };
}

/** @throws Error when there is no such file. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch('config.json');
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return (await response.json()) as Config;
}
