import { invalidRequest, notFound } from '../../fhir/outcome.js';
import { authorize } from '../../interactions/access.js';
import { isOperator } from '../../interactions/jobs/own-job.js';
import type { Caller, FhirServer } from '../../interactions/server.js';
import { defaultTenant, ownName } from '../../persistence/keys.js';
import type { SubscribeRequest } from '../interaction-request.js';
import type { ChangeFilter, Rule } from './subscribe.js';

/** What a job may be called: ids are made here. */
const jobId = /^[\w-]{1,64}$/;

/**
 * The filter of a subscription to jobs: those the caller began, by the same client; all of the tenant's for who runs the server.
 * @param request the argument of `onJobChanged`: of one job only.
 * @param areTold whether this deployment does jobs, and tells of them.
 * @returns as `extensions.setSubscriptionFilter` takes it.
 * @throws OperationOutcomeError 400 for what is no id, 403 to whom nothing here is open, 404 where there are no jobs.
 */
export function jobFilter(
  server: FhirServer,
  caller: Caller,
  { arguments: { id }, field }: SubscribeRequest,
  areTold: boolean,
): ChangeFilter {
  if (!areTold) throw notFound('Jobs, which this server does not do');
  authorize(server, caller, 'capabilities');
  if (typeof id === 'string' && !jobId.test(id)) throw invalidRequest(`${id} cannot be a job`, `${field}(id)`);
  const asked: Rule[] = typeof id === 'string' ? [{ fieldName: 'id', operator: 'eq', value: id }] : [];
  const { tenant } = server;
  if (isOperator(server, caller)) {
    const ofTenant: Rule = { fieldName: 'client', operator: 'beginsWith', value: ownName(tenant, '') };
    return { filterGroup: [{ filters: tenant === defaultTenant ? asked : [...asked, ofTenant] }] };
  }
  const { subject, clientId } = caller.principal;
  const own: Rule[] = [
    { fieldName: 'subject', operator: 'eq', value: subject },
    { fieldName: 'client', operator: 'eq', value: ownName(tenant, clientId) },
  ];
  return { filterGroup: [{ filters: [...asked, ...own] }] };
}
