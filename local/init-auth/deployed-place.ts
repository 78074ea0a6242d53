import { existsSync, readFileSync } from 'node:fs';
import type { CognitoPlace } from './cognito-token.js';

/**
 * Where a deployment's people sign in, out of the file with its stacks' outputs (`{ "<stack>": { "<output>": "…" } }`).
 * @param file the path; none is needed.
 * @returns undefined when there is no such file, or it does not say.
 */
export function deployedPlace(file: string): CognitoPlace | undefined {
  if (!existsSync(file)) return undefined;
  const stacks = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
  const outputs = Object.assign({}, ...Object.values(stacks)) as Readonly<Record<string, string | undefined>>;
  const { Region, UserPoolId, ClientId } = outputs;
  const region = Region ?? UserPoolId?.split('_')[0];
  return UserPoolId === undefined || ClientId === undefined || region === undefined
    ? undefined
    : { region, userPoolId: UserPoolId, clientId: ClientId };
}
