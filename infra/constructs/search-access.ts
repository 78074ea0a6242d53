import { Duration, Stack } from 'aws-cdk-lib/core';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Trigger } from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import type { IndexUsers } from '../../search/opensearch/index-access.js';
import { type FunctionName, indexAlias, roleArn } from '../names.js';
import { askSearch } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { SearchSize } from '../settings.js';
import { SearchDomain } from './search-domain.js';
import { ServerFunction } from './server-function.js';

const callers: readonly FunctionName[] = ['rest', 'resolvers', 'indexer', 'notifier'];
/** Jobs make indices anew. */
const keepers: readonly FunctionName[] = ['prepare', 'sweeper', 'jobs'];

/** Which roles of a stage use the index of each version. */
const usersOf = (stage: Stage): readonly IndexUsers[] =>
  stage.fhirVersions.map((version) => {
    const arns = (names: readonly FunctionName[]): string[] => names.map((name) => roleArn(stage, name, version));
    return { alias: indexAlias(stage, version), callers: arns(callers), keepers: arns(keepers) };
  });

/**
 * The search domain, and its master user: a function that says at each deployment which roles may do what in it. Nobody
 * else may, and it does nothing else.
 */
export class SearchWithAccess extends Construct {
  readonly domain: SearchDomain;
  /** Done when the roles are known to the domain. */
  readonly granted: Trigger;

  constructor(scope: Construct, id: string, stage: Stage, { size, key }: { size: SearchSize; key: IKey }) {
    super(scope, id);
    this.domain = new SearchDomain(this, 'Domain', stage, {
      size,
      key,
      masterArn: roleArn(stage, 'search-access'),
    });
    const { code, role } = new ServerFunction(this, 'Access', stage, {
      name: 'search-access',
      key,
      memory: 256,
      timeout: Duration.minutes(2),
      environment: {
        OPENSEARCH_ENDPOINT: this.domain.endpoint,
        SEARCH_USERS: Stack.of(this).toJsonString(usersOf(stage)),
      },
      permissions: [askSearch(this.domain.arn)],
    });
    // The master user must be there before the domain.
    this.domain.node.addDependency(role);
    this.granted = new Trigger(this, 'Grant', { handler: code, timeout: Duration.minutes(2) });
  }
}
