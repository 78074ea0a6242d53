import { type UserPool, UserPoolDomain } from 'aws-cdk-lib/aws-cognito';
import { Aws, Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { AppClients } from '../constructs/app-clients.js';
import { ResourceServers } from '../constructs/resource-servers.js';
import { ServerFunction } from '../constructs/server-function.js';
import { Users } from '../constructs/user-pool.js';
import type { DataPlaces } from '../function-environment.js';
import { prefixOf } from '../names.js';
import type { Stage } from '../read-settings.js';

export interface SignInStackProps extends StackProps {
  readonly data: DataPlaces;
}

/** Who may sign in, and the applications that they sign in to. */
export class SignInStack extends Stack {
  readonly pool: UserPool;
  readonly clients: AppClients;
  /** The URL of the sign-in page and of the token endpoint's host, without a slash at the end. */
  readonly url: string;
  /** The SMART scopes there are, as tokens have them. */
  readonly smartScopes: readonly string[];

  constructor(scope: Construct, id: string, stage: Stage, { data, ...props }: SignInStackProps) {
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
    this.clients = new AppClients(this, 'Clients', stage, this.pool, servers);
    const domainPrefix = stage.signInPrefix === '' ? `${prefixOf(stage)}-${Aws.ACCOUNT_ID}` : stage.signInPrefix;
    new UserPoolDomain(this, 'Page', { userPool: this.pool, cognitoDomain: { domainPrefix } });
    this.url = `https://${domainPrefix}.auth.${Aws.REGION}.amazoncognito.com`;
    this.smartScopes = servers.names;
  }
}
