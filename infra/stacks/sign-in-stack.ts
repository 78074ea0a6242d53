import { type UserPool, UserPoolDomain } from 'aws-cdk-lib/aws-cognito';
import { Aws, Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { AppClients } from '../constructs/app-clients.js';
import { ResourceServers } from '../constructs/resource-servers.js';
import { ServerFunction } from '../constructs/server-function.js';
import { Users } from '../constructs/user-pool.js';
import type { DataPlaces } from '../function-environment.js';
import { signInPrefix, signInUrl } from '../names.js';
import type { Stage } from '../read-settings.js';

export interface SignInStackProps extends StackProps {
  readonly data: DataPlaces;
  /** Where the console is, without a slash at the end; undefined without one. */
  readonly consoleUrl: string | undefined;
}

/** Who may sign in, and the applications that they sign in to. */
export class SignInStack extends Stack {
  readonly pool: UserPool;
  readonly clients: AppClients;
  /** The URL of the sign-in page and of the token endpoint's host, without a slash at the end. */
  readonly url: string;
  /** Who signs its tokens. */
  readonly issuer: string;
  /** The SMART scopes there are, as tokens have them. */
  readonly smartScopes: readonly string[];

  constructor(scope: Construct, id: string, stage: Stage, { data, consoleUrl, ...props }: SignInStackProps) {
    super(scope, id, props);
    const { code: addClaims } = new ServerFunction(this, 'AddClaims', stage, {
      name: 'add-claims',
      key: data.key,
      memory: 256,
      timeout: Duration.seconds(5), // Cognito waits no longer
      environment: {},
      permissions: [],
    });
    this.pool = new Users(this, 'Users', stage, addClaims).pool;
    const servers = new ResourceServers(this, 'Scopes', stage, this.pool);
    this.clients = new AppClients(this, 'Clients', stage, { userPool: this.pool, servers, consoleUrl });
    new UserPoolDomain(this, 'Page', { userPool: this.pool, cognitoDomain: { domainPrefix: signInPrefix(stage) } });
    this.url = signInUrl(stage);
    this.issuer = `https://cognito-idp.${Aws.REGION}.${Aws.URL_SUFFIX}/${this.pool.userPoolId}`;
    this.smartScopes = servers.names;
  }
}
