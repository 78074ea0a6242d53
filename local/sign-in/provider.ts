import {
  type AdapterFactory,
  type ClientMetadata,
  errors,
  type KoaContextWithOIDC,
  Provider,
  interactionPolicy,
} from 'oidc-provider';
import { pageHeaders } from '../page.js';
import {
  accessTokenClaims,
  applicationClientId,
  applicationTokenClaims,
  consoleClientId,
  localScopes,
  standardLife,
} from './access-token.js';
import type { SignInKeys } from './keys.js';
import { renderLogoutPage, renderSignInError } from './login-page.js';
import { introspectionPath } from './introspection.js';
import {
  isOfThisServer,
  offlineScope,
  patientInContext,
  signingAlgorithms,
  type SmartSignIn,
  smartScopesOf,
  userScope,
} from './smart.js';
import { userBySubject } from './users.js';

const day = 86_400;
const loopbackHosts = ['127.0.0.1', 'localhost', '[::1]'];
const callbackPaths = ['/', '/console', '/console/', '/callback', '/oauth/callback'];

const isLoopback = (url: string): boolean => {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && loopbackHosts.includes(hostname);
};

/** Where a sign-in may lead back to: loopback at any port (RFC 8252), and this server itself when it has https. */
function redirectUris(issuer: string): string[] {
  const origins = loopbackHosts.map((host) => `http://${host}`);
  const { origin, protocol, hostname } = new URL(issuer);
  if (protocol === 'https:' && !loopbackHosts.includes(hostname)) origins.push(origin);
  return origins.flatMap((each) => callbackPaths.map((path) => `${each}${path}`));
}

/**
 * Lets a sign-in lead back to this server's own pages where it has https on loopback (`TLS=on`). The provider refuses to
 * register such addresses for applications of this machine, since another program might listen there; here it is this one.
 */
function allowOwnPages({ Client: { prototype } }: Provider, { origin, protocol, hostname }: URL): void {
  if (protocol !== 'https:' || !loopbackHosts.includes(hostname)) return;
  const own = new Set(callbackPaths.map((path) => `${origin}${path}`));
  for (const method of ['redirectUriAllowed', 'postLogoutRedirectUriAllowed'] as const) {
    const isRegistered = prototype[method]; // eslint-disable-line @typescript-eslint/unbound-method -- called with its client
    prototype[method] = function (url) {
      return (this.clientId === consoleClientId && own.has(url)) || isRegistered.call(this, url);
    };
  }
}

const showPage = (context: KoaContextWithOIDC, html: string): void => {
  context.set(pageHeaders());
  context.body = html;
};

const scopesIn = (text: string | undefined): string[] => (text ?? '').split(' ').filter((scope) => scope !== '');

/** The scopes a token may have: those of every sign-in, and of those asked for the ones of SMART. */
function grantable({ oidc }: KoaContextWithOIDC, smart: SmartSignIn | undefined, isApplication: boolean): string[] {
  const base = isApplication ? [] : scopesIn(localScopes);
  if (smart === undefined) return base;
  const { AuthorizationCode: code, RefreshToken: refresh } = oidc.entities;
  const asked = [oidc.params?.['scope'], code?.scope, refresh?.scope];
  const texts = asked.flatMap((scope) => scopesIn(typeof scope === 'string' ? scope : undefined));
  const granted = smartScopesOf(texts.map(asTold), isApplication);
  return [...new Set([...base, ...granted.map((scope) => (scope === offlineScope ? keptOffline : scope))])];
}

/**
 * How `offline_access` is called inside the provider, which drops that scope unless the user is asked for consent. Here nobody
 * is asked, and refresh tokens count while the user is away in any case.
 */
const keptOffline = `kept_${offlineScope}`;
const asTold = (scope: string): string => scope.replace(keptOffline, offlineScope);

/** Lets a token be refreshed with the scopes that its client was told. https://www.rfc-editor.org/rfc/rfc6749#section-6 */
function knowOfflineAccess({ OIDCContext: { prototype } }: Provider): void {
  Object.defineProperty(prototype, 'requestParamScopes', {
    get(this: KoaContextWithOIDC['oidc']) {
      const { scope } = this.params ?? {};
      const scopes = scopesIn(typeof scope === 'string' ? scope : undefined);
      return new Set(scopes.map((each) => (each === offlineScope ? keptOffline : each)));
    },
  });
}

/** The application that gets tokens without a user, where it has a secret or keys. */
function applicationClients({ applicationSecret, applicationKeys }: SmartSignIn = {}): ClientMetadata[] {
  const common = {
    client_id: applicationClientId,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  };
  if (applicationKeys !== undefined) {
    return [{ ...common, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [...applicationKeys.keys] } }];
  }
  if (applicationSecret === undefined) return [];
  return [{ ...common, token_endpoint_auth_method: 'client_secret_basic', client_secret: applicationSecret }];
}

/**
 * The OpenID provider of the local sign-in: authorization code with PKCE for one public client, refresh tokens,
 * JWT access tokens as Cognito writes them, and Cognito's paths below the issuer.
 * @param issuer the URL it is reached by, no slash at the end.
 * @param keys what it signs with.
 * @param sessions where sessions, codes and refresh tokens are kept.
 * @param smart whether tokens with SMART scopes are given out, and how.
 * @param tenantClaim the claim that names the user's tenant, where tenants share the server.
 * @returns the provider, with its pages' `interaction` path left to the caller.
 */
export function createProvider(
  issuer: string,
  keys: SignInKeys,
  sessions: AdapterFactory,
  smart?: SmartSignIn,
  tenantClaim?: string,
): Provider {
  const { pathname, origin } = new URL(issuer);
  // The one client is this project's own: nobody is asked whether it may have what it asks for.
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const openIdScopes = smart === undefined ? localScopes : `${localScopes} ${userScope}`;
  const provider: Provider = new Provider(issuer, {
    jwks: { keys: [keys.privateJwk] },
    adapter: sessions,
    cookies: { keys: [keys.cookieSecret], long: { sameSite: 'lax', path: pathname }, short: { sameSite: 'lax' } },
    clients: [
      {
        client_id: consoleClientId,
        client_name: 'fhir-on-appsync',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: redirectUris(issuer),
        post_logout_redirect_uris: redirectUris(issuer),
      },
      ...applicationClients(smart),
    ],
    clientBasedCORS: (_context, from) => isLoopback(from) || from === origin,
    scopes: openIdScopes.split(' '),
    claims: {
      openid: ['sub', 'token_use', 'cognito:groups', 'cognito:username'],
      profile: ['name', 'fhirUser'],
      ...(smart === undefined ? {} : { [userScope]: ['fhirUser'] }),
    },
    ...(smart === undefined ? {} : { discovery: { introspection_endpoint: `${issuer}${introspectionPath}` } }),
    // Whose resources the token is for: a token must not be got for another server, which would have it then.
    // https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#request-4
    extraParams: {
      aud: (context, aud) => {
        if (aud !== undefined && !isOfThisServer(aud, issuer, context.host)) {
          throw new errors.InvalidRequest('aud is the base URL of another server');
        }
      },
    },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'client_secret_basic', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: [...signingAlgorithms] },
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: false },
      revocation: { enabled: true },
      clientCredentials: { enabled: applicationClients(smart).length > 0 },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => {
          showPage(context, renderLogoutPage(form));
        },
        postLogoutSuccessSource: (context) => {
          context.redirect('/');
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => origin,
        useGrantedResource: () => true,
        getResourceServerInfo: (context, _resource, client) => ({
          scope: grantable(context, smart, client.clientId === applicationClientId).join(' '),
          audience: origin,
          accessTokenFormat: 'jwt',
          accessTokenTTL: standardLife,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    formats: {
      customizers: {
        jwt: (context, token, jwt) => {
          if (token.kind === 'ClientCredentials') {
            jwt.payload = {
              ...applicationTokenClaims({
                issuer,
                scope: token.scope ?? '',
                issuedAt: Number(jwt.payload['iat']),
                expiresAt: Number(jwt.payload['exp']),
              }),
              aud: jwt.payload['aud'],
            };
            return;
          }
          const user = 'accountId' in token ? userBySubject(token.accountId) : undefined;
          if (user === undefined) throw new Error('An access token is only made for a local user');
          const { AuthorizationCode: code, RefreshToken: refresh } = context.oidc.entities;
          const authenticatedAt = code?.authTime ?? refresh?.authTime;
          jwt.payload = {
            ...accessTokenClaims(user, {
              issuer,
              scope: asTold(token.scope ?? ''),
              issuedAt: Number(jwt.payload['iat']),
              expiresAt: Number(jwt.payload['exp']),
              ...(authenticatedAt === undefined ? {} : { authenticatedAt }),
              patient: patientInContext(user, scopesIn(token.scope)),
              tenantClaim,
            }),
            aud: jwt.payload['aud'],
          };
        },
      },
    },
    findAccount: (_context, subject) => {
      const user = userBySubject(subject);
      return user === undefined
        ? undefined
        : {
            accountId: subject,
            claims: () => ({
              sub: subject,
              token_use: 'id',
              'cognito:username': user.username,
              'cognito:groups': [...user.groups],
              name: user.username,
              ...(user.fhirUser === undefined ? {} : { fhirUser: user.fhirUser }),
            }),
          };
    },
    loadExistingGrant: async (context) => {
      const { session, client } = context.oidc;
      if (session?.accountId === undefined || client === undefined) return undefined;
      const known = session.grantIdFor(client.clientId);
      const grant =
        (known === undefined ? undefined : await provider.Grant.find(known)) ??
        new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
      const isSomebody = userBySubject(session.accountId)?.fhirUser !== undefined;
      const granted = grantable(context, smart, false).filter((scope) => scope !== userScope || isSomebody);
      grant.addOIDCScope(openIdScopes);
      grant.addResourceScope(origin, granted.join(' '));
      await grant.save();
      return grant;
    },
    interactions: { policy, url: (_context, interaction) => `${pathname}/interaction/${interaction.uid}` },
    renderError: (context, out) => {
      showPage(context, renderSignInError(out.error_description ?? out.error));
    },
    routes: {
      authorization: '/oauth2/authorize',
      token: '/oauth2/token',
      revocation: '/oauth2/revoke',
      end_session: '/logout',
      jwks: '/.well-known/jwks.json',
    },
    ttl: {
      AccessToken: standardLife,
      AuthorizationCode: 60,
      ClientCredentials: standardLife,
      Grant: 30 * day,
      IdToken: standardLife,
      Interaction: 3600,
      RefreshToken: 30 * day,
      Session: 14 * day,
    },
  });
  allowOwnPages(provider, new URL(issuer));
  knowOfflineAccess(provider);
  // A sign-in that goes on has its parameters from where it began. oidc-provider fails on those of the URL when there is none.
  provider.use(async (context, next) => {
    if (/\/oauth2\/authorize\/./.test(context.path)) context.querystring = '';
    const { scope } = context.query;
    if (smart !== undefined && typeof scope === 'string' && scopesIn(scope).includes(offlineScope)) {
      context.query = { ...context.query, scope: scope.replace(offlineScope, keptOffline) };
    }
    await next();
  });
  // SMART tells the application of the patient beside the token.
  // https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#response-5
  provider.use(async (context, next) => {
    await next();
    const { oidc } = context as Partial<KoaContextWithOIDC>;
    if (oidc?.route === 'revocation' && context.body === '') context.remove('Content-Type'); // oidc-client-ts takes no text
    if (oidc?.route === 'token') context.set('Pragma', 'no-cache'); // https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    const user = oidc?.route === 'token' ? userBySubject(oidc.entities.Account?.accountId ?? '') : undefined;
    const body = context.body as { scope?: string; access_token?: string } | undefined;
    if (user === undefined || body?.access_token === undefined) return;
    const { scope = '' } = body;
    const patient = patientInContext(user, scopesIn(scope));
    context.body = { ...body, scope: asTold(scope), ...(patient === undefined ? {} : { patient }) };
  });
  // Behind a proxy that ends TLS, the scheme of the addresses comes from X-Forwarded-Proto.
  provider.proxy = issuer.startsWith('https:');
  return provider;
}
