import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readSettings } from './settings.js';
import { signToken, standardLife } from './sign-in/access-token.js';
import { readSignInKeys } from './sign-in/keys.js';
import { signInIssuer } from './sign-in/sign-in.js';
import { localUsers, userByName } from './sign-in/users.js';

const usage = `Usage: npm run -s token -- <user> [--ttl seconds]
Prints an access token of the local sign-in, for "Authorization: Bearer <token>".
Users:
${localUsers.map(({ username, description }) => `  ${username.padEnd(18)}${description}`).join('\n')}
`;

/** What the command line asks for, or a sentence saying what is wrong with it. */
function read(commandLine: readonly string[]): { username: string; life: number } | string {
  const { values, positionals } = parseArgs({
    args: [...commandLine],
    options: { ttl: { type: 'string', default: String(standardLife) } },
    allowPositionals: true,
  });
  const life = Number(values.ttl);
  if (!Number.isSafeInteger(life) || life < 1) return `--ttl is "${values.ttl}": it must be a number of seconds`;
  const [username] = positionals;
  if (username === undefined || positionals.length > 1) return 'Name one user';
  return { username, life };
}

try {
  const asked = read(process.argv.slice(2));
  if (typeof asked === 'string') throw new Error(asked);
  const user = userByName(asked.username);
  if (user === undefined) throw new Error(`There is no user "${asked.username}"`);
  const settings = readSettings(process.env);
  mkdirSync(settings.dataFolder, { recursive: true });
  const keys = readSignInKeys(settings.dataFolder);
  const token = signToken(keys, user, { issuer: signInIssuer(settings.publicUrl), life: asked.life });
  process.stdout.write(`${token}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 1;
}
