import type { User } from 'oidc-client-ts';
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import { type Api, createApi, type Tokens } from '../fhir/api.js';
import type { FhirVersion } from '../fhir/version.js';
import { keepKey, keptKey } from './api-key.js';
import type { Settings } from './settings.js';
import type { SignIn } from './sign-in.js';

/** Who uses the console, and what they reach. */
export interface Session {
  readonly settings: Settings;
  /** `out` asks to sign in; `open` is a server where nobody signs in. */
  readonly state: 'open' | 'in' | 'out';
  /** Whether a session ended by itself, and the page is kept as it was. */
  readonly hasEnded: boolean;
  /** Whether REST asks for an API key that nobody gave yet. */
  readonly needsKey: boolean;
  /** Keeps the key for this tab; forgets it without one. */
  readonly giveKey: (key?: string) => void;
  api(version: FhirVersion): Api;
  readonly signIn: () => void;
  readonly signOut: () => void;
}

const SessionContext = createContext<Session | undefined>(undefined);

/** The session of the page. */
export function useSession(): Session {
  const session = use(SessionContext);
  if (session === undefined) throw new Error('There is no session above this component');
  return session;
}

/** Keeps who is signed in, and gives the APIs their tokens. */
export function SessionProvider({
  settings,
  signIn,
  first,
  children,
}: {
  readonly settings: Settings;
  /** Absent where nobody signs in. */
  readonly signIn: SignIn | undefined;
  /** Who was signed in when the page was opened. */
  readonly first: User | null;
  readonly children: ReactNode;
}) {
  const [user, setUser] = useState(first);
  const [hasEnded, setEnded] = useState(false);
  const [key, setKey] = useState(keptKey);
  useEffect(
    () =>
      signIn?.onUser((next) => {
        setUser(next);
        setEnded(next === null);
      }),
    [signIn],
  );
  const apis = useMemo(() => {
    const tokens: Tokens = {
      key: () => (settings.apiKey === undefined ? undefined : keptKey()),
      current: () => signIn?.current()?.access_token,
      async renew() {
        const renewed = (await signIn?.renew()) ?? null;
        if (renewed === null) setEnded(true);
        return renewed?.access_token;
      },
    };
    return new Map(settings.apis.map((place) => [place.version, createApi(place, tokens)]));
  }, [settings, signIn]);
  const session = useMemo<Session>(
    () => ({
      settings,
      state: signIn === undefined ? 'open' : user === null && !hasEnded ? 'out' : 'in',
      hasEnded,
      needsKey: settings.apiKey !== undefined && key === undefined,
      giveKey(given) {
        keepKey(given);
        setKey(given);
      },
      api(version) {
        const api = apis.get(version);
        if (api === undefined) throw new Error(`This server does not serve ${version}`);
        return api;
      },
      signIn: () => void signIn?.signIn(),
      signOut: () => void signIn?.signOut(),
    }),
    [settings, signIn, user, hasEnded, key, apis],
  );
  return <SessionContext value={session}>{children}</SessionContext>;
}
