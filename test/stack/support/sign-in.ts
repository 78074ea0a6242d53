import { createHash, randomBytes } from 'node:crypto';
import type { Aws } from './aws.js';

/** Where people sign in, as the stacks tell it. */
export interface SignInPlace {
  readonly UserPoolId?: string;
  readonly ClientId?: string;
}

const password = 'A-password-of-the-tests-1';

/** Who may sign in: in a group, and of a tenant where tenants share the stage. */
export interface StackUser {
  readonly group: string;
  readonly tenant?: string;
}

/** Makes a user with a password. */
export async function makeUser(
  aws: Aws,
  { UserPoolId }: SignInPlace,
  name: string,
  { group, tenant }: StackUser,
): Promise<void> {
  const Username = `${name}@example.org`;
  const UserAttributes = [
    { Name: 'email', Value: Username },
    ...(tenant === undefined ? [] : [{ Name: 'custom:tenantId', Value: tenant }]),
  ];
  await aws.userPools('AdminCreateUser', { UserPoolId, Username, MessageAction: 'SUPPRESS', UserAttributes });
  await aws.userPools('AdminSetUserPassword', { UserPoolId, Username, Password: password, Permanent: true });
  await aws.userPools('AdminAddUserToGroup', { UserPoolId, Username, GroupName: group });
}

/** The fields of a form, with the values that they have. */
const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input[^>]*>/g)].flatMap(([input]) => {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      return name === undefined ? [] : [[name, (/value="([^"]*)"/.exec(input)?.[1] ?? '').replaceAll('&amp;', '&')]];
    }),
  );

/**
 * Signs a user in as a browser does: by the hosted page, with an authorization code and PKCE.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
 * @returns the access token.
 */
export async function signIn(aws: Aws, { ClientId = '' }: SignInPlace, name: string): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const redirect = 'http://localhost:3000/';
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: ClientId,
    redirect_uri: redirect,
    scope: 'openid profile',
    state: 'a-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await fetch(`${aws.endpoint}/oauth2/authorize?${asked.toString()}`);
  const filled = { ...fieldsOf(await page.text()), username: `${name}@example.org`, password };
  const entered = await fetch(`${aws.endpoint}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(filled),
  });
  const back = new URL(entered.headers.get('location') ?? '');
  if (!back.href.startsWith(redirect) || back.searchParams.get('state') !== 'a-state') {
    throw new Error(`The sign-in page leads to ${back.href}`);
  }
  const exchange = (code_verifier: string): Promise<Response> =>
    fetch(`${aws.endpoint}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: ClientId,
        code: back.searchParams.get('code') ?? '',
        redirect_uri: redirect,
        code_verifier,
      }),
    });
  const { access_token: token } = (await (await exchange(verifier)).json()) as { access_token?: string };
  if (token === undefined) throw new Error(`${name} got no token`);
  return token;
}
