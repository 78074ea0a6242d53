import type { FhirVersion } from '../fhir/version.js';

/** Where one FHIR version is served. */
export interface ApiPlace {
  readonly version: FhirVersion;
  /** As the capability statement says it: `4.0.1`. */
  readonly number: string;
  /** Base URLs, absolute. */
  readonly rest: string;
  readonly graphql: string;
  /** Where subscriptions are, with `wss:`; without it where AppSync has them for this `graphql`. */
  readonly realtime?: string;
}

/** What the server says at `console.json`. */
export interface Settings {
  readonly apis: readonly ApiPlace[];
  /** The OpenID provider; absent where nobody signs in. */
  readonly signIn?: {
    readonly authority: string;
    readonly clientId: string;
    readonly scope: string;
    /**
     * Where Cognito signs people out: `/logout` of the user pool's domain, which is asked with `client_id` and `logout_uri`
     * instead of what OpenID Connect has. Absent where the provider's own metadata says it.
     */
    readonly logout?: string;
  };
  /** Whether REST asks for an API key beside the token: each person is asked for it, once a tab. */
  readonly apiKey?: 'ask';
  /** What to try on a server of one's own. */
  readonly local?: {
    readonly users: readonly { readonly username: string; readonly description: string }[];
    readonly demoPatient: string;
  };
}

/** The address of the console's document, without what is behind `#` and `?`. */
export const consoleUrl = (): string => new URL('.', location.href).href.replace(/[?#].*$/, '');

/**
 * Asks the server where things are.
 * @throws Error in words for the person in front of it.
 */
export async function loadSettings(): Promise<Settings> {
  const reply = await fetch(new URL('console.json', consoleUrl())).catch(() => undefined);
  if (reply?.ok !== true) throw new Error('The server does not say where its APIs are (console.json cannot be read).');
  const read = (await reply.json()) as Settings;
  const absolute = (url: string): string => new URL(url, consoleUrl()).href;
  return {
    ...read,
    apis: read.apis.map((api) => ({ ...api, rest: absolute(api.rest), graphql: absolute(api.graphql) })),
    ...(read.signIn === undefined
      ? {}
      : {
          signIn: {
            ...read.signIn,
            authority: absolute(read.signIn.authority),
            ...(read.signIn.logout === undefined ? {} : { logout: absolute(read.signIn.logout) }),
          },
        }),
  };
}
