import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Provider, errors } from 'oidc-provider';
import { clientAddress, type TrustedProxies } from '../client-address.js';
import { pageHeaders } from '../page.js';
import { createTokenVerifier, type TokenVerifier } from '../../auth/verify-token.js';
import { createGuesses, type Guesses } from './guesses.js';
import { applicationClientId, consoleClientId } from './access-token.js';
import { introspect, introspectionPath } from './introspection.js';
import type { SignInKeys } from './keys.js';
import { renderLoginPage, renderSignInError } from './login-page.js';
import { whyPasswordIsWrong } from './password.js';
import { createProvider } from './provider.js';
import { keepSessions } from './sessions.js';
import type { SmartSignIn } from './smart.js';
import { userByName } from './users.js';

const interactionPath = /^\/interaction\/[\w-]+\/?$/;
/**
 * Where applications authenticate: by whatever name they ask, what they sign must be meant for the issuer. An assertion
 * that another server was sent would count here otherwise, under that server's name as the host (ADR 80).
 */
const authenticatingPath = /^\/oauth2\/(?:token|revoke)\/?$/;
const longestForm = 4096;
/** A form with an access token, which may have many scopes. */
const longestTokenForm = 65_536;

async function readForm(request: IncomingMessage, longest = longestForm): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > longest) throw new errors.InvalidRequest('the form is too long');
  }
  return new URLSearchParams(text);
}

const show = (response: ServerResponse, status: number, html: string): void => {
  response.writeHead(status, pageHeaders()).end(html);
};

/** Asks who signs in, and goes on with the answer. */
async function interact(
  provider: Provider,
  {
    issuer,
    password,
    asksTenant,
    guesses,
    trustedProxies,
  }: {
    readonly issuer: string;
    readonly password: string | undefined;
    readonly asksTenant: boolean;
    readonly guesses: Guesses;
    readonly trustedProxies: TrustedProxies;
  },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await provider.interactionDetails(request, response);
  const action = `${new URL(issuer).pathname}${request.url ?? ''}`;
  if (request.method !== 'POST') {
    show(response, 200, renderLoginPage(action, { asksTenant }));
    return;
  }
  const form = await readForm(request);
  const name = form.get('username') ?? '';
  const tenant = asksTenant ? (form.get('tenant') ?? '') : undefined;
  const user = name.includes('@') ? undefined : userByName(name, tenant);
  const from = clientAddress(request, trustedProxies);
  // All have one password: it is guessed for one user wherever their tenant, and for who is nobody.
  const whose = name.includes('@') ? '' : (userByName(name)?.username ?? '');
  if (!guesses.areLeft(from, whose)) {
    response.setHeader('Retry-After', '10');
    show(response, 429, renderLoginPage(action, { asksTenant, wrong: 'Too many wrong passwords: wait ten seconds' }));
    return;
  }
  const wrong = whyPasswordIsWrong(form.get('password') ?? '', password, request);
  if (wrong !== undefined || user === undefined) {
    guesses.wrong(from, whose);
    show(
      response,
      401,
      renderLoginPage(action, {
        asksTenant,
        wrong: wrong ?? (asksTenant ? 'Choose a user and name a tenant: letters, digits, - and _' : 'Choose a user'),
      }),
    );
    return;
  }
  guesses.right(from, whose);
  await provider.interactionFinished(request, response, { login: { accountId: user.subject } });
}

/** Tells a resource server of a token. */
async function tellOfToken(verify: TokenVerifier, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = (status: number, body: object, headers: Record<string, string> = {}): void => {
    const json = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
    response.writeHead(status, { ...json, ...headers }).end(JSON.stringify(body));
  };
  if (request.method !== 'POST') {
    answer(405, { error: 'invalid_request', error_description: 'tokens are asked about by POST' }, { Allow: 'POST' });
    return;
  }
  try {
    const form = await readForm(request, longestTokenForm);
    const { status, body } = await introspect(verify, request.headers.authorization, form);
    answer(status, body, status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {});
  } catch (error) {
    if (!(error instanceof errors.OIDCProviderError)) throw error;
    answer(error.statusCode, { error: error.message, error_description: error.error_description });
  }
}

/** What the provider takes for the address it was asked at. */
const forwarded = (host: string, protocol: string): Record<string, string> => ({
  'x-forwarded-host': host,
  'x-forwarded-proto': protocol.slice(0, -1),
});

/**
 * The sign-in's answers: the provider's own, and the page that asks who signs in.
 * @param options issuer: the URL it is reached by, no slash at the end; isUrlFixed: whether addresses begin with it,
 *   whatever host a request names; keys: what it signs with; dataFolder: where its sessions are kept; password: what
 *   users sign in with; the documented one, for this machine only, when undefined; tenantClaim: the claim that names
 *   the user's tenant, where tenants share the server; trustedProxies: whose X-Forwarded-For counts.
 * @returns a handler of requests whose `url` is relative to the issuer.
 */
export function createPages(options: {
  readonly issuer: string;
  readonly isUrlFixed?: boolean;
  readonly keys: SignInKeys;
  readonly dataFolder: string;
  readonly password?: string;
  readonly smart?: SmartSignIn;
  readonly tenantClaim?: string;
  readonly trustedProxies?: TrustedProxies;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { issuer, isUrlFixed = false, keys, dataFolder, password, smart, tenantClaim, trustedProxies = [] } = options;
  const asksTenant = tenantClaim !== undefined;
  const provider = createProvider(issuer, keys, keepSessions(dataFolder), smart, tenantClaim);
  const answer = provider.callback();
  const guesses = createGuesses();
  const verify = createTokenVerifier({
    issuer,
    jwks: { keys: [keys.publicJwk] },
    clientIds: [consoleClientId, applicationClientId],
  });
  const { pathname: mountPath, host, protocol } = new URL(issuer);
  return async (request, response) => {
    // The provider finds the path it is mounted at, for the addresses it writes, in Express's name for the whole URL.
    Object.assign(request, { originalUrl: `${mountPath}${request.url ?? ''}` });
    const [path = ''] = (request.url ?? '').split('?');
    if (smart !== undefined && path === introspectionPath) {
      await tellOfToken(verify, request, response);
      return;
    }
    if (!interactionPath.test(path)) {
      if (isUrlFixed || authenticatingPath.test(path))
        Object.assign(request.headers, { host, ...forwarded(host, protocol) });
      await answer(request, response);
      return;
    }
    try {
      await interact(provider, { issuer, password, asksTenant, guesses, trustedProxies }, request, response);
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError)) throw error;
      show(response, error.statusCode, renderSignInError(error.error_description ?? error.message));
    }
  };
}
