import { principalFromClaims } from '../../auth/principal-from-claims.js';
import { OperationOutcomeError, unauthenticated } from '../../fhir/outcome.js';
import { audited } from '../../interactions/audit.js';
import { failingAtField } from '../../interactions/entry-place.js';
import { read } from '../../interactions/read.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { tenantOfRequest, type TenantServers } from '../../interactions/tenancy.js';
import type { Claims, InteractionAnswer, InteractionRequest, ReferenceRequest } from '../interaction-request.js';
import { answer } from './answer.js';
import { auditOutcome, auditSubject, referencesSubject } from './audit.js';
import { consistently } from './consistency.js';
import { createMutation, deleteMutation, updateMutation } from './mutations.js';
import { type IsInSchema, type Resolved, resolveReferences } from './references.js';
import { render } from './render.js';
import { connection, list } from './search.js';
import { selectedMembers } from './selected-members.js';
import { subscriptionFilter } from './subscribe.js';
import { jobFilter } from './subscribe-jobs.js';

/** What the handler needs beside the server. */
export interface ResolverHandlerOptions {
  /** The base URL by which the caller may write references to this server's own resources, without a slash at the end. */
  readonly baseUrl: () => string;
  /** Where tenants share the deployment: who answers for whom. */
  readonly tenancy?: TenantServers;
  /** Whether the API's schema has a resource type; all of them without it. */
  readonly isInSchema?: IsInSchema;
  /** Whether subscribers are told of jobs, which other functions do; where the server does them without it. */
  readonly tellsOfJobs?: boolean;
  /** Is told of failures nobody expected, which callers see masked. Nothing of a resource may be logged. */
  readonly onUnexpected: (failure: unknown) => void;
  /** Is told why searches may see a write later than was asked for. */
  readonly onDelay?: (error: unknown) => void;
}

/** The Lambda function behind the resolvers: one request, or a batch of references answered in its order. */
export interface ResolverHandler {
  /** @param baseUrl that of the request, where it is not the one for all. */
  (event: InteractionRequest, baseUrl?: string): Promise<InteractionAnswer>;
  (event: readonly InteractionRequest[], baseUrl?: string): Promise<readonly InteractionAnswer[]>;
  (
    event: InteractionRequest | readonly InteractionRequest[],
    baseUrl?: string,
  ): Promise<InteractionAnswer | readonly InteractionAnswer[]>;
}

/** The references of one level that one caller asks for, resolved together. */
type Level = Promise<readonly Resolved[]>;

/**
 * The Lambda entry behind AppSync: turns a resolver's request into an interaction, and what comes of it into the
 * field's value or error.
 * @param server the FHIR version served; with `tenancy` it answers nobody.
 * @returns the handler. It never throws: every failure is an answer.
 */
export function createResolverHandler(server: FhirServer, options: ResolverHandlerOptions): ResolverHandler {
  const callerOf = (claims: Claims | undefined, baseUrl: string | undefined): Caller => {
    if (claims === undefined) throw unauthenticated('The request has no access token of a user pool');
    return { principal: principalFromClaims(claims), baseUrl: baseUrl ?? options.baseUrl() };
  };
  const serverFor = (claims: Claims = {}): FhirServer =>
    options.tenancy === undefined ? server : options.tenancy.ofTenant(tenantOfRequest(options.tenancy, claims));
  const one = (request: InteractionRequest, baseUrl: string | undefined): Promise<InteractionAnswer> =>
    answer(
      server.definitions.version,
      () => {
        const caller = callerOf(request.claims, baseUrl);
        const own = serverFor(request.claims);
        const act = (): Promise<unknown> =>
          failingAtField(request.field, () => interact(own, caller, request, options));
        if (request.interaction === 'reference') return audited(own, caller, referencesSubject([request]), act);
        return audited(own, caller, auditSubject(request), act, auditOutcome);
      },
      options.onUnexpected,
    );

  const batch = (
    requests: readonly InteractionRequest[],
    baseUrl: string | undefined,
  ): Promise<readonly InteractionAnswer[]> => {
    const levels = new Map<string, { requests: ReferenceRequest[]; level?: Level }>();
    return Promise.all(
      requests.map((request) => {
        if (request.interaction !== 'reference') return one(request, baseUrl);
        // AppSync batches within one operation, so there is one caller; if ever not, nobody sees another's resources.
        const caller = JSON.stringify(request.claims);
        const together = levels.get(caller) ?? { requests: [] };
        levels.set(caller, together);
        const place = together.requests.push(request) - 1;
        return answer(
          server.definitions.version,
          async () => {
            await Promise.resolve(); // until all requests of the level are gathered
            together.level ??= Promise.resolve().then(() => {
              const from = callerOf(request.claims, baseUrl);
              const own = serverFor(request.claims);
              return audited(own, from, referencesSubject(together.requests), () =>
                resolveReferences(own, from, together.requests, options.isInSchema),
              );
            });
            return valueOf((await together.level)[place]);
          },
          options.onUnexpected,
        );
      }),
    );
  };
  function handle(event: InteractionRequest, baseUrl?: string): Promise<InteractionAnswer>;
  function handle(event: readonly InteractionRequest[], baseUrl?: string): Promise<readonly InteractionAnswer[]>;
  function handle(
    event: InteractionRequest | readonly InteractionRequest[],
    baseUrl?: string,
  ): Promise<InteractionAnswer | readonly InteractionAnswer[]>;
  function handle(
    event: InteractionRequest | readonly InteractionRequest[],
    baseUrl?: string,
  ): Promise<InteractionAnswer | readonly InteractionAnswer[]> {
    return isBatch(event) ? batch(event, baseUrl) : one(event, baseUrl);
  }
  return handle;
}

const isBatch = (event: InteractionRequest | readonly InteractionRequest[]): event is readonly InteractionRequest[] =>
  Array.isArray(event);

function valueOf(resolved: Resolved | undefined): unknown {
  if (resolved instanceof OperationOutcomeError) throw resolved;
  return resolved ?? null;
}

async function interact(
  server: FhirServer,
  caller: Caller,
  request: InteractionRequest,
  options: ResolverHandlerOptions,
): Promise<unknown> {
  const delayed = options.onDelay ?? (() => undefined);
  switch (request.interaction) {
    case 'read':
      return render(
        await read(server, caller, { type: request.type, id: request.id }),
        selectedMembers(request.selection),
      );
    case 'search':
      return request.shape === 'list' ? list(server, caller, request) : connection(server, caller, request);
    case 'create':
      return consistently(server, request, delayed, (own) => createMutation(own, caller, request));
    case 'update':
      return consistently(server, request, delayed, (own) => updateMutation(own, caller, request));
    case 'delete':
      return consistently(server, request, delayed, (own) => deleteMutation(own, caller, request));
    case 'subscribe':
      return subscriptionFilter(server, caller, request);
    case 'subscribe-jobs':
      return jobFilter(server, caller, request, options.tellsOfJobs ?? server.jobs !== undefined);
    case 'reference':
      return valueOf((await resolveReferences(server, caller, [request], options.isInSchema))[0]);
  }
}
