import type { FhirVersion } from '../../fhir/version.js';

/** What the console asks its server first (`console.json`): where the APIs are and how people sign in. */
export interface ConsoleSettings {
  readonly apis: readonly {
    readonly version: FhirVersion;
    readonly number: string;
    /** Base URLs, as they are below the console's own address or absolute. */
    readonly rest: string;
    readonly graphql: string;
  }[];
  /** Where REST requests go with an API key: the person is asked for it. Absent where none is wanted. */
  readonly apiKey?: 'ask';
  /** An OpenID provider with code and PKCE; absent where nobody signs in (`AUTH=off`). */
  readonly signIn?: {
    readonly authority: string;
    readonly clientId: string;
    readonly scope: string;
    /** Where Cognito signs people out; absent where the provider's metadata says it. */
    readonly logout?: string;
  };
  /** What a person who has just started the server may try; absent in deployments. */
  readonly local?: {
    readonly users: readonly { readonly username: string; readonly description: string }[];
    readonly demoPatient: string;
  };
}
