import { randomUUID } from 'node:crypto';
import { type AppSyncCaller, AuthenticationError, type AuthMode, type AuthModes } from './modes.js';
import { type SignedRequest, verifySignature } from './signature-v4.js';
import { type Claims, issuerOf, type TokenCheck } from './tokens.js';

/** A way to be known, as an API is set up with it. */
export type AuthProvider =
  | { readonly mode: 'API_KEY'; readonly keys: readonly { readonly id: string; readonly expires?: number }[] }
  | {
      readonly mode: 'AWS_IAM';
      /** The secret and the identity of an access key. */
      readonly accessKeys: ReadonlyMap<
        string,
        { readonly secret: string; readonly accountId: string; readonly userArn: string }
      >;
    }
  | {
      readonly mode: 'AMAZON_COGNITO_USER_POOLS';
      readonly issuer: string;
      /** A pattern of the app clients whose tokens count. */
      readonly clientIds?: string;
      readonly action?: 'ALLOW' | 'DENY';
    }
  | {
      readonly mode: 'OPENID_CONNECT';
      readonly issuer: string;
      readonly clientIds?: string;
      /** How old a token (`iat`) and a sign-in (`auth_time`) may be, in milliseconds. */
      readonly iatTtl?: number;
      readonly authTtl?: number;
    }
  | {
      readonly mode: 'AWS_LAMBDA';
      readonly invoke: (event: unknown) => Promise<unknown>;
      /** A pattern that the token must have before the function is asked. */
      readonly tokenPattern?: string;
    };

/** A GraphQL request before its caller is known. */
export interface UnknownRequest extends SignedRequest {
  readonly sourceIp: string;
}

type Provider<Mode extends AuthMode> = Extract<AuthProvider, { readonly mode: Mode }>;

const unauthorized = (): AuthenticationError => new AuthenticationError('You are not authorized to make this call.');

const header = (request: UnknownRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
};

/** The modes of an API's providers, the first of which is the default. */
export const modesOf = (providers: readonly AuthProvider[]): AuthModes => {
  const [standard, ...additional] = providers;
  if (standard === undefined) throw new Error('An API needs an authorization mode');
  const pool = providers.find((one) => one.mode === 'AMAZON_COGNITO_USER_POOLS');
  return {
    standard: standard.mode,
    additional: additional.map(({ mode }) => mode),
    ...(pool?.action === undefined ? {} : { userPoolAction: pool.action }),
  };
};

/**
 * Says who asks, by the API's providers: an API key in `x-api-key`, a signature, a token of an issuer's, or whatever a
 * Lambda authorizer takes.
 * @param providers the default mode first.
 * @param check how tokens are checked.
 * @returns a function from the request, its body included, to the caller.
 * @throws (the function) AuthenticationError when nobody is known by it.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html
 */
export function authenticator(
  providers: readonly AuthProvider[],
  check: TokenCheck,
  now: () => number = Date.now,
): (request: UnknownRequest) => Promise<AppSyncCaller> {
  const of = <Mode extends AuthMode>(mode: Mode): readonly Provider<Mode>[] =>
    providers.filter((one): one is Provider<Mode> => one.mode === mode);
  return async (request) => {
    const key = header(request, 'x-api-key');
    if (key !== undefined && of('API_KEY').length > 0) return byApiKey(of('API_KEY'), key, now());
    const authorization = header(request, 'authorization');
    if (authorization === undefined) throw new AuthenticationError('Valid authorization header not provided.');
    if (authorization.startsWith('AWS4-HMAC-SHA256')) return bySignature(of('AWS_IAM'), request, now);
    const token = authorization.replace(/^Bearer\s+/i, '');
    const issuer = issuerOf(token);
    const pool = of('AMAZON_COGNITO_USER_POOLS').find((one) => one.issuer === issuer);
    if (pool !== undefined) return byUserPool(pool, await check(token, pool.issuer), request);
    const openId = of('OPENID_CONNECT').find((one) => one.issuer === issuer);
    if (openId !== undefined) return byOpenId(openId, await check(token, openId.issuer), now());
    const [lambda] = of('AWS_LAMBDA');
    if (lambda === undefined) throw new AuthenticationError('Unable to parse JWT token.');
    return byLambda(lambda, authorization, request);
  };
}

function byApiKey(providers: readonly Provider<'API_KEY'>[], key: string, now: number): AppSyncCaller {
  const found = providers.flatMap(({ keys }) => keys).find(({ id }) => id === key);
  if (found === undefined || (found.expires !== undefined && found.expires <= now)) throw unauthorized();
  return { mode: 'API_KEY', identity: null };
}

function bySignature(
  [provider]: readonly Provider<'AWS_IAM'>[],
  request: UnknownRequest,
  now: () => number,
): AppSyncCaller {
  if (provider === undefined) throw unauthorized();
  const accessKeyId = verifySignature(request, (id) => provider.accessKeys.get(id)?.secret, now);
  const { accountId = '', userArn = '' } = provider.accessKeys.get(accessKeyId) ?? {};
  return {
    mode: 'AWS_IAM',
    identity: {
      accountId,
      cognitoIdentityPoolId: null,
      cognitoIdentityId: null,
      sourceIp: [request.sourceIp],
      username: accessKeyId,
      userArn,
      cognitoIdentityAuthType: null,
      cognitoIdentityAuthProvider: null,
    },
  };
}

/** Whether a token is for an app client the API takes: `client_id`, `aud` or `azp`. */
const isForClient = (claims: Claims, pattern: string | undefined): boolean =>
  pattern === undefined ||
  [claims['client_id'], claims['azp'], ...[claims['aud']].flat()].some(
    (client) => typeof client === 'string' && new RegExp(`^(?:${pattern})$`).test(client),
  );

function byUserPool(
  pool: Provider<'AMAZON_COGNITO_USER_POOLS'>,
  claims: Claims,
  request: UnknownRequest,
): AppSyncCaller {
  if (!isForClient(claims, pool.clientIds)) throw unauthorized();
  return {
    mode: 'AMAZON_COGNITO_USER_POOLS',
    identity: {
      sub: claims['sub'],
      issuer: pool.issuer,
      username: claims['username'] ?? claims['cognito:username'],
      groups: claims['cognito:groups'] ?? null,
      claims,
      sourceIp: [request.sourceIp],
      defaultAuthStrategy: pool.action ?? 'ALLOW',
    },
  };
}

function byOpenId(provider: Provider<'OPENID_CONNECT'>, claims: Claims, now: number): AppSyncCaller {
  const isFresh = (claim: unknown, ttl: number | undefined): boolean =>
    ttl === undefined || (typeof claim === 'number' && claim * 1000 + ttl > now);
  if (!isForClient(claims, provider.clientIds)) throw unauthorized();
  if (!isFresh(claims['iat'], provider.iatTtl) || !isFresh(claims['auth_time'], provider.authTtl)) {
    throw new AuthenticationError('Token has expired.');
  }
  return { mode: 'OPENID_CONNECT', identity: { sub: claims['sub'], issuer: provider.issuer, claims } };
}

async function byLambda(
  provider: Provider<'AWS_LAMBDA'>,
  token: string,
  request: UnknownRequest,
): Promise<AppSyncCaller> {
  if (provider.tokenPattern !== undefined && !new RegExp(provider.tokenPattern).test(token)) throw unauthorized();
  const { query = '', variables = {}, operationName } = bodyOf(request.body);
  const answer = (await provider
    .invoke({
      authorizationToken: token,
      requestContext: {
        apiId: 'local',
        accountId: '000000000000',
        requestId: randomUUID(),
        queryString: query,
        operationName,
        variables,
      },
      requestHeaders: request.headers,
    })
    .catch(() => undefined)) as Readonly<Record<string, unknown>> | null | undefined;
  if (answer?.['isAuthorized'] !== true) throw unauthorized();
  const { resolverContext = {}, deniedFields } = answer;
  return {
    mode: 'AWS_LAMBDA',
    identity: { resolverContext },
    ...(Array.isArray(deniedFields) ? { deniedFields: deniedFields.map(String) } : {}),
  };
}

function bodyOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
