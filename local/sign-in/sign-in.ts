import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Jwks } from 'aws-jwt-verify/jwk';
import type { TrustedProxies } from '../client-address.js';
import { pageHeaders } from '../page.js';
import type { SmartEndpoints } from '../../interactions/smart-configuration.js';
import { applicationClientId, consoleClientId, signToken } from './access-token.js';
import { type SignInKeys, readSignInKeys } from './keys.js';
import { smartEndpoints, type SmartSignIn } from './smart.js';
import type { LocalUser } from './users.js';

/** The path of the local sign-in below the server's public URL. */
export const signInPath = '/sign-in';

/**
 * The issuer of local tokens.
 * @param publicUrl the URL by which clients know the server, no slash at the end.
 * @returns the `iss`.
 */
export const signInIssuer = (publicUrl: string): string => `${publicUrl}${signInPath}`;

/** The local sign-in of one server. */
export interface SignIn {
  readonly issuer: string;
  /** The public keys of its tokens, for `createTokenVerifier`. */
  readonly jwks: Jwks;
  /** What the SMART configuration says of it; absent where it gives out no SMART scopes. */
  readonly smart?: SmartEndpoints;
  /** The clients its tokens are given to, for `createTokenVerifier`. */
  readonly clientIds: readonly string[];
  /**
   * Answers requests below the issuer; mounted as Express does: `app.use(signInPath, signIn.handler)`, before anything
   * reads bodies.
   */
  handler(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Signs an access token for a user.
   * @param life seconds, an hour unless given.
   */
  signToken(user: LocalUser, life?: number): string;
}

type Pages = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The local sign-in: OpenID Connect for the documented users, with access tokens shaped as Cognito's.
 * Its provider is loaded at the first request, since most starts never need it.
 * @param options publicUrl: the URL by which clients know the server, no slash at the end; isUrlFixed:
 *   whether its pages' addresses begin with it, whatever host a request names; dataFolder: where its keys
 *   are, and are made at first; password: what users sign in with; without one the documented password counts, for
 *   who comes from this machine; smart: how tokens with SMART scopes are given out, if they are; tenantClaim: the claim that names
 *   the user's tenant, where tenants share the server; trustedProxies: whose X-Forwarded-For counts; onError: takes unexpected failures, which browsers see as a bare 500.
 * @returns the sign-in.
 * @throws SettingsError when the key file in the data folder is damaged.
 */
export function createSignIn(options: {
  readonly publicUrl: string;
  readonly isUrlFixed?: boolean;
  readonly dataFolder: string;
  readonly password?: string;
  readonly smart?: SmartSignIn;
  readonly tenantClaim?: string;
  readonly trustedProxies?: TrustedProxies;
  readonly onError: (error: unknown) => void;
}): SignIn {
  const { onError } = options;
  const issuer = signInIssuer(options.publicUrl);
  const keys: SignInKeys = readSignInKeys(options.dataFolder);
  let pages: Promise<Pages> | undefined;
  const loaded = async (): Promise<Pages> => {
    const { createPages } = await import('./pages.js');
    return createPages({ issuer, keys, ...options });
  };
  return {
    issuer,
    jwks: { keys: [keys.publicJwk] },
    clientIds: options.smart === undefined ? [consoleClientId] : [consoleClientId, applicationClientId],
    ...(options.smart === undefined ? {} : { smart: smartEndpoints(issuer, options.smart) }),
    handler: (request, response) => {
      pages ??= loaded();
      pages
        .then((answer) => answer(request, response))
        .catch((error: unknown) => {
          onError(error);
          if (!response.headersSent) response.writeHead(500, pageHeaders());
          response.end();
        });
    },
    signToken: (user, life) => signToken(keys, user, { issuer, ...(life === undefined ? {} : { life }) }),
  };
}
