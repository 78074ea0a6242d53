import { ClientAttributes, OAuthScope, type UserPool, UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Stage } from '../read-settings.js';
import type { ResourceServers } from './resource-servers.js';

/** What users may change of themselves: never who they are in the records. */
const ownAttributes = new ClientAttributes().withStandardAttributes({ email: true, givenName: true, familyName: true });

export interface AppClientsProps {
  readonly userPool: UserPool;
  readonly servers: ResourceServers;
  /** Where the console is, without a slash at the end; undefined without one. */
  readonly consoleUrl: string | undefined;
}

/**
 * The applications that get tokens: one for people (public, authorization code with PKCE on the sign-in page), and with
 * SMART authorization one for machines (a secret, client credentials, scopes of `system/`).
 */
export class AppClients extends Construct {
  readonly people: UserPoolClient;
  readonly machines: UserPoolClient | undefined;

  constructor(scope: Construct, id: string, stage: Stage, { userPool, servers, consoleUrl }: AppClientsProps) {
    super(scope, id);
    const own = consoleUrl === undefined ? [] : [`${consoleUrl}/`];
    const accessTokenValidity = Duration.minutes(stage.accessTokenMinutes);
    this.people = new UserPoolClient(this, 'People', {
      userPool,
      generateSecret: false,
      authFlows: { userSrp: true, adminUserPassword: true },
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [
          OAuthScope.OPENID,
          OAuthScope.PROFILE,
          OAuthScope.COGNITO_ADMIN,
          ...servers.of('patient', 'user', 'launch'),
        ],
        callbackUrls: [...stage.callbackUrls, ...own],
        logoutUrls: [...stage.logoutUrls, ...own],
      },
      accessTokenValidity,
      idTokenValidity: accessTokenValidity,
      refreshTokenValidity: Duration.days(stage.refreshTokenDays),
      enableTokenRevocation: true,
      preventUserExistenceErrors: true,
      readAttributes: ownAttributes.withCustomAttributes('fhirUser', 'patient'),
      writeAttributes: ownAttributes,
    });
    const system = servers.of('system');
    this.machines =
      system.length === 0
        ? undefined
        : new UserPoolClient(this, 'Machines', {
            userPool,
            generateSecret: true,
            authFlows: {},
            oAuth: { flows: { clientCredentials: true }, scopes: [...system] },
            accessTokenValidity,
            enableTokenRevocation: true,
          });
  }

  /** The ids of all of them. */
  get ids(): readonly string[] {
    return [this.people, this.machines].flatMap((client) => (client === undefined ? [] : [client.userPoolClientId]));
  }
}
