import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { type CognitoPlace, cognitoToken } from './init-auth/cognito-token.js';
import { deployedPlace } from './init-auth/deployed-place.js';
import { projectFolder } from './project-folder.js';

const usage = `Usage: npm run -s init-auth -- <user> [--outputs file] [--region r --user-pool id --client id]
Prints an access token of the deployed user pool, for "Authorization: Bearer <token>". The pool is that of
infra/outputs.json; the password is FHIR_PASSWORD, or asked for. Without a deployment: npm run -s token -- <user>
`;

/** Asks on the terminal, without showing what is typed; standard output stays free for the token. */
async function askPassword(username: string): Promise<string> {
  process.stderr.write(`Password of ${username}: `);
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

function placeOf(values: Readonly<Record<string, string | undefined>>): CognitoPlace {
  const deployed = deployedPlace(values['outputs'] ?? join(projectFolder(), 'infra', 'outputs.json'));
  const userPoolId = values['user-pool'] ?? deployed?.userPoolId;
  const clientId = values['client'] ?? deployed?.clientId;
  const region = values['region'] ?? userPoolId?.split('_')[0];
  if (userPoolId === undefined || clientId === undefined || region === undefined) {
    throw new Error('There is no deployment in infra/outputs.json: name it by --user-pool and --client');
  }
  const endpoint = process.env['COGNITO_ENDPOINT'];
  return { region, userPoolId, clientId, ...(endpoint === undefined ? {} : { endpoint }) };
}

try {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    options: { outputs: text, region: text, 'user-pool': text, client: text },
    allowPositionals: true,
  });
  const [username] = positionals;
  if (username === undefined || positionals.length > 1) throw new Error('Name one user');
  const place = placeOf(values);
  const password = process.env['FHIR_PASSWORD'] ?? (await askPassword(username));
  process.stdout.write(`${await cognitoToken(place, username, password)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 1;
}
