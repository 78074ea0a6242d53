import { OAuthScope, ResourceServerScope, type UserPool, UserPoolResourceServer } from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { Stage } from '../read-settings.js';

type Context = keyof Stage['smartScopes'];

/**
 * The SMART scopes that tokens may have, as Cognito writes them: `<resource server>/<name>`, so that the server
 * `patient` with the name `*.read` gives `patient/*.read`. None where roles alone decide.
 */
export class ResourceServers extends Construct {
  readonly #scopes = new Map<Context, readonly OAuthScope[]>();

  constructor(scope: Construct, id: string, stage: Stage, userPool: UserPool) {
    super(scope, id);
    if (stage.authorization === 'roles') return;
    for (const [context, names] of Object.entries(stage.smartScopes) as [Context, readonly string[]][]) {
      if (names.length === 0) continue;
      const scopes = names.map(
        (scopeName) => new ResourceServerScope({ scopeName, scopeDescription: `SMART ${context}/${scopeName}` }),
      );
      const server = new UserPoolResourceServer(this, context, { userPool, identifier: context, scopes });
      this.#scopes.set(
        context,
        scopes.map((each) => OAuthScope.resourceServer(server, each)),
      );
    }
  }

  /** The scopes of some contexts. */
  of(...contexts: readonly Context[]): readonly OAuthScope[] {
    return contexts.flatMap((context) => this.#scopes.get(context) ?? []);
  }
}
