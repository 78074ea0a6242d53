import { UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';
import { consoleUrl, type Settings } from './settings.js';

/** Signing in and out; the tokens are kept for this tab alone. */
export interface SignIn {
  /** Who is signed in now, as far as this tab knows. */
  current(): User | null;
  /** Who is signed in; finishes a sign-in that comes back in the address. */
  begin(): Promise<User | null>;
  /** Goes to the provider's page and comes back to what is behind `#`. */
  signIn(): Promise<void>;
  signOut(): Promise<void>;
  /** A new token by the refresh token; null when that does not count any more. */
  renew(): Promise<User | null>;
  onUser(listener: (user: User | null) => void): () => void;
}

/**
 * OpenID Connect with authorization code and PKCE. Tokens stand in the session storage: every tab has its own, since a
 * refresh token counts once, and a second tab signs in by the provider's session without being asked.
 */
export function createSignIn({ authority, clientId, scope, logout }: NonNullable<Settings['signIn']>): SignIn {
  const manager = new UserManager({
    authority,
    client_id: clientId,
    redirect_uri: consoleUrl(),
    post_logout_redirect_uri: consoleUrl(),
    scope,
    automaticSilentRenew: true,
    revokeTokensOnSignout: true,
    revokeTokenTypes: ['refresh_token'],
    userStore: new WebStorageStateStore({ store: sessionStorage }),
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
    ...(logout === undefined ? {} : { metadataSeed: { end_session_endpoint: logout } }),
  });
  let now: User | null = null;
  manager.events.addUserLoaded((user) => {
    now = user;
  });
  manager.events.addUserUnloaded(() => {
    now = null;
  });
  // Two requests that find the token expired share one renewal: the refresh token would not count a second time.
  let renewing: Promise<User | null> | undefined;
  const begin = async (): Promise<User | null> => {
    const query = new URLSearchParams(location.search);
    if (query.has('state') && (query.has('code') || query.has('error'))) {
      // What was not begun here stays in the address: the page without a session says that it did not work.
      const user = await manager.signinCallback().catch(() => undefined);
      if (user !== undefined) {
        const back = typeof user.state === 'string' && user.state.startsWith('#') ? user.state : '#/';
        history.replaceState(null, '', `${location.pathname}${back}`);
      }
    }
    const user = await manager.getUser();
    if (user?.expired !== true) return user;
    return user.refresh_token === undefined ? null : manager.signinSilent().catch(() => null);
  };
  return {
    current: () => now,
    async begin() {
      now = await begin();
      return now;
    },
    signIn: () => manager.signinRedirect({ state: location.hash === '' ? '#/' : location.hash }),
    // https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
    signOut: () =>
      manager.signoutRedirect(
        logout === undefined ? {} : { extraQueryParams: { client_id: clientId, logout_uri: consoleUrl() } },
      ),
    renew() {
      renewing ??= manager
        .signinSilent()
        .catch(() => null)
        .then((user) => {
          renewing = undefined;
          now = user;
          return user;
        });
      return renewing;
    },
    onUser(listener) {
      manager.events.addUserLoaded(listener);
      const unloaded = (): void => {
        listener(null);
      };
      manager.events.addUserUnloaded(unloaded);
      return () => {
        manager.events.removeUserLoaded(listener);
        manager.events.removeUserUnloaded(unloaded);
      };
    },
  };
}
