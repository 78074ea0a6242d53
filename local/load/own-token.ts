import { existsSync } from 'node:fs';
import type { Tenant } from '../../fhir/tenant.js';
import { signToken } from '../sign-in/access-token.js';
import { readSignInKeys } from '../sign-in/keys.js';
import { signInPath } from '../sign-in/sign-in.js';
import { userByName } from '../sign-in/users.js';

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The issuer the server at this origin trusts; undefined when it has no local sign-in (AUTH=off). */
async function issuerAt(origin: string): Promise<string | undefined> {
  const response = await fetch(`${origin}${signInPath}/.well-known/openid-configuration`);
  const discovered: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (typeof discovered !== 'object' || discovered === null || !('issuer' in discovered)) return undefined;
  return typeof discovered.issuer === 'string' ? discovered.issuer : undefined;
}

/**
 * A practitioner's token for a server on this machine, signed with the key in its data folder; it lives four hours.
 * @param origin the server's origin, such as `http://127.0.0.1:3000`.
 * @param dataFolder the server's data folder.
 * @param tenant whose practitioner, where tenants share the server, and the claim that says so.
 * @returns undefined when the server is elsewhere, is not there, has no local sign-in, or the folder is not there.
 */
export async function ownToken(
  origin: string,
  dataFolder: string,
  { tenant, tenantClaim }: { readonly tenant?: Tenant | undefined; readonly tenantClaim?: string | undefined } = {},
): Promise<string | undefined> {
  const user = userByName('practitioner', tenant);
  if (user === undefined || !loopback.test(new URL(origin).hostname) || !existsSync(dataFolder)) return undefined;
  // Whether the server can be reached at all is found out, and said, by loading.
  const issuer = await issuerAt(origin).catch(() => `${origin}${signInPath}`);
  return issuer === undefined
    ? undefined
    : signToken(readSignInKeys(dataFolder), user, { issuer, life: 4 * 3600, tenantClaim });
}
