import { expect, test } from '@jest/globals';
import { gone, invalidRequest, tooManyRequests } from '../../fhir/outcome.js';

const issues = [{ severity: 'error' as const, code: 'x', expression: ['Bundle.entry[1]'] }];

test('a failure told by other issues keeps what else clients are told of it', () => {
  expect(gone('Patient/1', 3).withIssues(issues)).toMatchObject({ status: 410, versionId: 3, issues });
  expect(tooManyRequests('x', 7).withIssues(issues)).toMatchObject({ status: 429, retryAfter: 7, issues });
});

test('it is told of no version and no time where it had none', () => {
  const told = invalidRequest('x').withIssues(issues);
  expect([told.status, told.versionId, told.retryAfter]).toEqual([400, undefined, undefined]);
});
