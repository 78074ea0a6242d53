import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Tenant, tenantNamed } from '../fhir/tenant.js';
import { readSettings } from './settings.js';
import { localScopes, signToken, standardLife } from './sign-in/access-token.js';
import { readSignInKeys } from './sign-in/keys.js';
import { signInIssuer } from './sign-in/sign-in.js';
import { localUsers, userByName } from './sign-in/users.js';

/** The word for a token without a user. */
const application = 'application';

const usage = `Usage: npm run -s token -- <user> [--tenant name] [--ttl seconds] [--scope scopes] [--patient id]
Prints an access token of the local sign-in, for "Authorization: Bearer <token>".
--tenant names whose user it is, where tenants share the server (TENANCY=pooled).
Users:
  ${application.padEnd(18)}no user: an application with scopes such as system/*.read (AUTHORIZATION=smart)
${localUsers.map(({ username, description }) => `  ${username.padEnd(18)}${description}`).join('\n')}
`;

/** What the command line asks for, or a sentence saying what is wrong with it. */
function read(
  commandLine: readonly string[],
): { username: string; life: number; scope: string; patient: string | undefined; tenant: Tenant | undefined } | string {
  const { values, positionals } = parseArgs({
    args: [...commandLine],
    options: {
      ttl: { type: 'string', default: String(standardLife) },
      scope: { type: 'string', default: localScopes },
      patient: { type: 'string' },
      tenant: { type: 'string' },
    },
    allowPositionals: true,
  });
  const life = Number(values.ttl);
  if (!Number.isSafeInteger(life) || life < 1) return `--ttl is "${values.ttl}": it must be a number of seconds`;
  const tenant = values.tenant === undefined ? undefined : tenantNamed(values.tenant);
  if (values.tenant !== undefined && tenant === undefined)
    return `--tenant is "${values.tenant}", which is no name of one`;
  const [username] = positionals;
  if (username === undefined || positionals.length > 1) return 'Name one user';
  return { username, life, scope: values.scope, patient: values.patient, tenant };
}

try {
  const asked = read(process.argv.slice(2));
  if (typeof asked === 'string') throw new Error(asked);
  const { life, scope, patient, tenant } = asked;
  const user = userByName(asked.username, tenant);
  if (user === undefined && asked.username !== application) throw new Error(`There is no user "${asked.username}"`);
  const settings = readSettings(process.env);
  mkdirSync(settings.dataFolder, { recursive: true });
  const keys = readSignInKeys(settings.dataFolder);
  const token = signToken(keys, user, {
    issuer: signInIssuer(settings.publicUrl),
    life,
    scope,
    patient,
    tenant,
    tenantClaim: settings.tenancy?.claim,
  });
  process.stdout.write(`${token}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 1;
}
