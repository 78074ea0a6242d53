import { randomUUID } from 'node:crypto';
import { authorizerFor } from '../auth/authorizers.js';
import { roleRules } from '../auth/rules.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import type { Tenant } from '../fhir/tenant.js';
import type { Consistency, FhirServer } from '../interactions/server.js';
import type { BodyStore } from '../persistence/body-store.js';
import type { ContentStore } from '../persistence/content-store.js';
import { type DynamoDbOptions, dynamoDbTable } from '../persistence/dynamodb.js';
import { defaultTenant } from '../persistence/keys.js';
import { createResourceStore } from '../persistence/store.js';
import type { Table } from '../persistence/table.js';
import { openSearchIndex, type OpenSearchIndex, type OpenSearchOptions } from '../search/opensearch.js';
import type { Connections } from './connect.js';
import { ofTenants, pageKeyOf } from './of-tenants.js';
import { type DefinitionOptions, serve } from './serve.js';

/** What a version is served with on DynamoDB and OpenSearch; the options of the index are for tests. */
export interface OnAws {
  /** The table's name. */
  readonly table: string;
  /** The alias of the search index. */
  readonly alias: string;
  /** Where bodies too large for an item are; without it such resources are refused. */
  readonly bodies: BodyStore | undefined;
  /** Where content goes by URL. */
  readonly contents: ContentStore | undefined;
  readonly consistency: Consistency;
  /** 32 random bytes, the same in every process of a deployment. */
  readonly pageKey: Uint8Array;
  /** How long a call of the table may take, where it is not the standard. */
  readonly patience?: Pick<DynamoDbOptions, 'patience' | 'historyHorizon'>;
  readonly options?: OpenSearchOptions & DefinitionOptions;
}

/** A version on the engines, as a deployment without tenants has it. */
export interface ServerOnAws extends FhirServer {
  readonly table: Table;
  readonly index: OpenSearchIndex;
  /** The same for a tenant. */
  readonly ofTenant: (tenant: Tenant) => FhirServer;
}

/**
 * One FHIR version on DynamoDB and OpenSearch, as every process of a deployment has it: the local server and each
 * Lambda function. A stream brings the index to what was committed.
 * @param base the version's own definitions.
 */
export function serveOnAws({ dynamoDb, openSearch }: Connections, base: FhirDefinitions, on: OnAws): ServerOnAws {
  const { bodies, contents, consistency, pageKey, options = {} } = on;
  const served = serve(base, options);
  const { client, streams } = dynamoDb;
  const table = dynamoDbTable({ client, streams, name: on.table, ...on.patience });
  const index = openSearchIndex(openSearch, on.alias, served.definitions, options);
  const authorizer = authorizerFor(options.authorization ?? 'roles', roleRules);
  const ofTenant = ofTenants((tenant): FhirServer => ({
    ...served,
    tenant,
    store: createResourceStore(table, { tenant, ...(bodies === undefined ? {} : { bodies }) }),
    index: index.of(tenant),
    // The index is everybody's: only who has no tenant makes it anew.
    ...(tenant === defaultTenant ? { nextIndex: index.next } : {}),
    indexing: 'later',
    consistency,
    authorizer,
    pageKey: pageKeyOf(pageKey, tenant),
    ...(contents === undefined ? {} : { contents }),
    now: Date.now,
    newId: randomUUID,
  }));
  return { ...ofTenant(defaultTenant), table, index, ofTenant };
}
