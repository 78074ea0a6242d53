import { Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import { Trigger } from 'aws-cdk-lib/triggers';
import type { Construct } from 'constructs';
import type { DeployedConsole } from '../../compose/console/deployed.js';
import { ServerFunction } from '../constructs/server-function.js';
import type { DataPlaces } from '../function-environment.js';
import { putFiles } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { bucketUrl, type ConsoleStack } from './console-stack.js';
import type { GraphqlStack } from './graphql-stack.js';
import type { RestStack } from './rest-stack.js';
import type { SignInStack } from './sign-in-stack.js';

export interface ConsoleFilesStackProps extends StackProps {
  readonly console: ConsoleStack;
  readonly data: DataPlaces;
  readonly signIn: SignInStack;
  readonly rest: RestStack;
  readonly graphql: ReadonlyMap<FhirVersion, GraphqlStack>;
}

/** What the console is made of, and what it is told: put where it is served from at each deployment, after all else. */
export class ConsoleFilesStack extends Stack {
  constructor(scope: Construct, id: string, stage: Stage, more: ConsoleFilesStackProps) {
    const { console: site, data, signIn, rest, graphql, ...props } = more;
    super(scope, id, props);
    const told: DeployedConsole = {
      apis: [...graphql].map(([version, { api }]) => ({
        version,
        rest: `${rest.url}/${version}`,
        graphql: api.attrGraphQlUrl,
      })),
      ...(stage.apiKeyRequired ? { apiKey: 'ask' } : {}),
      signIn: {
        authority: signIn.issuer,
        clientId: signIn.clients.people.userPoolClientId,
        scope: scopesOf(stage, signIn).join(' '),
        logout: `${signIn.url}/logout`,
      },
      asks: [signIn.issuer, signIn.url, ...[data.bodies, data.files].map(bucketUrl)],
    };
    const { code } = new ServerFunction(this, 'Publish', stage, {
      name: 'publish-console',
      key: data.key,
      memory: 512,
      timeout: Duration.minutes(2),
      environment: { CONSOLE_BUCKET: site.bucket.bucketName, CONSOLE: this.toJsonString(told) },
      permissions: [putFiles(site.bucket)],
    });
    new Trigger(this, 'Published', { handler: code, timeout: Duration.minutes(2) });
  }
}

/** What the console asks for: by groups the scopes of a sign-in; where SMART scopes alone decide, all that users may have. */
const scopesOf = ({ authorization }: Stage, { smartScopes }: SignInStack): readonly string[] => [
  'openid',
  'profile',
  ...(authorization === 'smart' ? smartScopes.filter((name) => name.startsWith('user/')) : []),
];
