import { decodeJWT } from 'aws-amplify/auth';
import { type User, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import type { Config } from './config';

/** What Amplify asks for a token before every request, and before every connection. */
interface Tokens {
  accessToken: ReturnType<typeof decodeJWT>;
}

/** OpenID Connect with code and PKCE; the refresh token is used shortly before the access token ends. */
export function createSignIn({ signIn }: Config): UserManager {
  const here = `${window.location.origin}/`;
  return new UserManager({
    authority: signIn.authority,
    client_id: signIn.clientId,
    redirect_uri: here,
    post_logout_redirect_uri: here,
    scope: 'openid profile',
    automaticSilentRenew: true,
    revokeTokensOnSignout: true,
    revokeTokenTypes: ['refresh_token'], // access tokens are JWTs: they end by themselves
    userStore: new WebStorageStateStore({ store: window.sessionStorage }),
  });
}

let renewal: Promise<User | null> | undefined;

/** A refresh token counts once: who asks while it is being used waits for the same answer. */
function renew(manager: UserManager): Promise<User | null> {
  renewal ??= manager.signinSilent().finally(() => (renewal = undefined));
  return renewal;
}

/** An access token that counts, a new one when the last has ended. */
export async function accessToken(manager: UserManager, isNewAsked = false): Promise<string | undefined> {
  const user = await manager.getUser();
  if (user === null) return undefined;
  const current = isNewAsked || user.expired === true ? await renew(manager) : user;
  return current?.access_token;
}

/** The same for Amplify. */
export const tokenProvider = (manager: UserManager) => ({
  async getTokens({ forceRefresh = false } = {}): Promise<Tokens | null> {
    const token = await accessToken(manager, forceRefresh);
    return token === undefined ? null : { accessToken: decodeJWT(token) };
  },
});

/** Signs out here and at the server. Cognito calls the way back `logout_uri`. */
export const signOut = (manager: UserManager, clientId: string): Promise<void> =>
  manager.signoutRedirect({ extraQueryParams: { client_id: clientId, logout_uri: `${window.location.origin}/` } });
