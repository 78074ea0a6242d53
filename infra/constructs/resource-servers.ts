import { OAuthScope, ResourceServerScope, type UserPool, UserPoolResourceServer } from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { Stage } from '../read-settings.js';

type Context = keyof Stage['smartScopes'];

/**
 * The SMART scopes that tokens may have, as Cognito writes them: `<resource server>/<name>`, so that the server
 * `patient` with the name `*.read` gives `patient/*.read`. None where roles alone decide.
 */
export class ResourceServers extends Construct {
  /** The scopes as tokens have them, such as `patient/*.read`. */
  readonly names: readonly string[];
  readonly #scopes = new Map<Context, readonly OAuthScope[]>();

  constructor(scope: Construct, id: string, stage: Stage, userPool: UserPool) {
    super(scope, id);
    const all = Object.entries(stage.smartScopes) as [Context, readonly string[]][];
    const given = stage.authorization === 'roles' ? [] : all.filter(([, names]) => names.length > 0);
    this.names = given.flatMap(([context, names]) => names.map((name) => `${context}/${name}`));
    for (const [context, names] of given) {
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
