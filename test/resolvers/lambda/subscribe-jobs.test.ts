import { expect, test } from '@jest/globals';
import { callerOf } from '../../support/server.js';
import { OperationOutcomeError } from '../../../fhir/outcome.js';
import type { FhirServer } from '../../../interactions/server.js';
import { readFilter } from '../../../local/appsync/realtime/filter.js';
import { defaultTenant } from '../../../persistence/keys.js';
import { tenant } from '../../support/tenant.js';
import { jobFilter } from '../../../resolvers/lambda/subscribe-jobs.js';

const authorize: FhirServer['authorizer']['authorize'] = ({ groups }, interaction) => {
  if (interaction === 'reindex' && !groups.includes('operator')) throw new OperationOutcomeError(403, []);
  return { kind: 'everything' };
};
const server = { tenant: defaultTenant, authorizer: { authorize } } as unknown as FhirServer;
const filterOf = (name: string, given: Record<string, unknown> = {}, on = server, areTold = true): unknown => {
  const request = { interaction: 'subscribe-jobs', arguments: given, field: 'Subscriptions.onJobChanged' } as const;
  const filter = jobFilter(on, callerOf(name), request, areTold);
  readFilter(filter); // AppSync takes it
  return filter;
};
const rule = (fieldName: string, value: string): object => ({ fieldName, operator: 'eq', value });
const own = [rule('subject', 'sub-practitioner'), rule('client', 'test')];

test.each([
  ['practitioner', {}, own],
  ['practitioner', { id: 'a-1' }, [rule('id', 'a-1'), ...own]],
  ['practitioner', { id: null }, own],
  ['operator', {}, []],
  ['operator', { id: 'a-1' }, [rule('id', 'a-1')]],
])('the filter of a %s who asks for %j', (name, given, filters) => {
  expect(filterOf(name, given)).toEqual({ filterGroup: [{ filters }] });
});

test('where tenants share the deployment everybody is told of their own tenant’s', () => {
  const ofA = { ...server, tenant: tenant('a') };
  expect(filterOf('practitioner', {}, ofA)).toEqual({
    filterGroup: [{ filters: [rule('subject', 'sub-practitioner'), rule('client', 'a#test')] }],
  });
  expect(filterOf('operator', {}, ofA)).toEqual({
    filterGroup: [{ filters: [{ fieldName: 'client', operator: 'beginsWith', value: 'a#' }] }],
  });
});

test.each([
  ['what cannot be an id', { id: 'a/b' }, true, 400],
  ['jobs where there are none', {}, false, 404],
])('%s is refused', (_, given, areTold, status) => {
  expect(() => filterOf('practitioner', given, server, areTold)).toThrow(expect.objectContaining({ status }));
});
