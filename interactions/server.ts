import type { Authorizer } from '../auth/authorizer.js';
import type { Principal } from '../auth/principal.js';
import type { FhirDefinitions } from '../fhir/definitions.js';
import type { Tenant } from '../fhir/tenant.js';
import type { Guides } from '../fhir/guides.js';
import type { AllowedEndpoints } from '../indexer/endpoint.js';
import type { ContentStore } from '../persistence/content-store.js';
import type { ResourceStore, StoredVersion } from '../persistence/resource-store.js';
import type { NextIndex } from '../search/next-index.js';
import type { SearchIndex } from '../search/search-index.js';
import type { AuditLog } from './audit-log.js';
import type { GraphqlAnswer, GraphqlCall } from './graphql-call.js';
import type { Jobs } from './jobs/jobs.js';
import type { SmartEndpoints } from './smart-configuration.js';

/** When searches see a write: within about a second of its answer, or before it. */
export type Consistency = 'eventual' | 'strong';
/**
 * What a resource must keep to be written: the structure of its type (elements, cardinalities, types, codes); the
 * invariants of its type as well; the profiles it states, too, where a guide has them; or those of the definitions as well.
 * docs/adr/0025-invariants-on-every-write.md docs/adr/0033-profiles-on-every-write.md
 * docs/adr/0060-profiles-of-the-definitions-by-choice.md
 */
export type Validation = (typeof validations)[number];

/** From the fewest rules to the most. */
export const validations = ['structure', 'invariants', 'full', 'strict'] as const;

/** Whether a conditional delete deletes one resource only, or all that match. https://hl7.org/fhir/R4/http.html#cdelete */
export type ConditionalDelete = (typeof conditionalDeletes)[number];

/** The codes of http://hl7.org/fhir/ValueSet/conditional-delete-status that are served. */
export const conditionalDeletes = ['single', 'multiple'] as const;

/**
 * One FHIR version served to one tenant: what every interaction works on. Built once by an entry (local server, Lambda);
 * where several tenants share the deployment, once for each (docs/adr/0064-tenants-share-a-deployment.md).
 */
export interface FhirServer {
  readonly definitions: FhirDefinitions;
  /** Whose resources: store, index, jobs and contents hold, for this server, nobody else's. */
  readonly tenant: Tenant;
  readonly store: ResourceStore;
  readonly index: SearchIndex;
  /** `later` when a stream brings the index to what was committed; absent when each commit writes it as well. */
  readonly indexing?: 'later';
  /** When searches see a write, unless a request asks for something else; `eventual` without it. */
  readonly consistency?: Consistency;
  /** Who may do what. */
  readonly authorizer: Authorizer;
  /** Where applications get tokens with SMART scopes; absent where those do not count. */
  readonly smart?: SmartEndpoints;
  /** Where requests are recorded; they are not without it. */
  readonly audit?: AuditLog;
  /** What writes must keep; `full` without it. */
  readonly validation?: Validation;
  /** How many resources a conditional delete may delete; `single` without it. docs/adr/0021 */
  readonly conditionalDelete?: ConditionalDelete;
  /** The profiles of implementation guides; none without it. */
  readonly guides?: Guides;
  /** Answers `$graphql`, and never throws for what is expected; absent where it is not served. */
  readonly graphql?: (server: FhirServer, caller: Caller, call: GraphqlCall) => Promise<GraphqlAnswer>;
  /** What goes on after its request was answered, exports among it; absent where it is not served. */
  readonly jobs?: Jobs;
  /** Where content goes by URL, past this server; Binaries have all of theirs in the resource without it. */
  readonly contents?: ContentStore;
  /** Where FHIR Subscriptions may have notifications sent; they are stored, and nobody is notified, without it. */
  readonly subscriptions?: AllowedEndpoints;
  /** How the search index is made anew by a job; absent where it cannot be done from here. */
  readonly nextIndex?: NextIndex;
  /** 32 random bytes that page links are sealed with; the same in every process of a deployment. */
  readonly pageKey: Uint8Array;
  /** The most resources that the chains of one search may lead through; 100,000 unless given. Beyond it is an error. */
  readonly mostIntermediates?: number;
  /** The most characters of resources that the reads of one bundle give together; 100 million without it. */
  readonly mostReadTogether?: number;
  /** The clock, in milliseconds since 1970. */
  now(): number;
  /** A new logical id. */
  newId(): string;
}

/** Who asks, and the base URL (`https://host/r4`, no slash at the end) by which they know this server. */
export interface Caller {
  readonly principal: Principal;
  readonly baseUrl: string;
}

/** What a create or an update did. */
export interface WriteOutcome {
  readonly version: StoredVersion;
  readonly status: 'created' | 'updated' | 'unchanged';
  /** That the answer must not show the version: it holds more than the caller sent, and they may not read it. */
  readonly isHidden?: true;
}
