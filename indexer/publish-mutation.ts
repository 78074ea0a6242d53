import type { Tenant } from '../fhir/tenant.js';
import { defaultTenant, ownName } from '../persistence/keys.js';
import type { ResourceChange } from './resource-change.js';

/**
 * The mutation that publishes a change: only IAM may ask for it. Subscribers are told of what it selects, and are
 * filtered by that, so it selects all.
 */
export const publishMutation =
  'mutation Publish($type:ResourceType!$id:ID!$versionId:String!$action:ChangeAction!$lastUpdated:String!$compartments:[String!]!)' +
  '{publishChange(type:$type id:$id versionId:$versionId action:$action lastUpdated:$lastUpdated compartments:$compartments)' +
  '{type id versionId action lastUpdated compartments}}';

/**
 * The variables of the mutation for a change. Where tenants share the deployment the compartments name the tenant, and one
 * more says whose the change is: a subscription's filter asks for one of them.
 */
export const publishVariables = (change: ResourceChange): Readonly<Record<string, unknown>> => ({
  type: change.type,
  id: change.id,
  versionId: String(change.versionId),
  action: change.action,
  lastUpdated: change.lastUpdated,
  compartments: compartmentsOf(change),
});

const compartmentsOf = ({ tenant, compartments }: ResourceChange): readonly string[] =>
  tenant === defaultTenant ? compartments : ['', ...compartments].map((name) => ownName(tenant, name));

/** How a job is, as subscribers are told; `subject` and `client` say whose it is, and who is told. */
export interface PublishedJob {
  readonly tenant: Tenant;
  readonly id: string;
  readonly kind: string;
  readonly state: 'running' | 'complete' | 'failed' | 'removed';
  /** From 0 to 100. */
  readonly percent: number;
  readonly subject: string;
  readonly client: string;
}

/** The mutation that publishes how a job is, likewise. */
export const publishJobMutation =
  'mutation PublishJob($id:ID!$kind:String!$state:JobState!$percent:Int!$subject:String!$client:String!)' +
  '{publishJob(id:$id kind:$kind state:$state percent:$percent subject:$subject client:$client)' +
  '{id kind state percent subject client}}';

/** The variables of the mutation for a job. Where tenants share the deployment the client names the tenant as well. */
export const publishJobVariables = ({
  tenant,
  id,
  kind,
  state,
  percent,
  subject,
  client,
}: PublishedJob): Readonly<Record<string, unknown>> => ({
  id,
  kind,
  state,
  percent: Math.round(percent),
  subject,
  client: ownName(tenant, client),
});
