import { expect, test } from '@jest/globals';
import { gone, invalidRequest, outcome, tooManyRequests } from '../../fhir/outcome.js';
import type { FhirVersion } from '../../fhir/version.js';

const issues = [{ severity: 'error' as const, code: 'x', expression: ['Bundle.entry[1]'] }];

test('a failure told by other issues keeps what else clients are told of it', () => {
  expect(gone('Patient/1', 3).withIssues(issues)).toMatchObject({ status: 410, versionId: 3, issues });
  expect(tooManyRequests('x', 7).withIssues(issues)).toMatchObject({ status: 429, retryAfter: 7, issues });
});

test('it is told of no version and no time where it had none', () => {
  const told = invalidRequest('x').withIssues(issues);
  expect([told.status, told.versionId, told.retryAfter]).toEqual([400, undefined, undefined]);
});

test.each([
  ['deleted', 'deleted', 'not-found'],
  ['multiple-matches', 'multiple-matches', 'processing'],
  ['conflict', 'conflict', 'conflict'],
])('the code %s is %s in R4 and %s in STU3, whose value set it must be of', (code, r4, stu3) => {
  const told = [{ severity: 'error' as const, code }];
  const codesIn = (version?: FhirVersion) => outcome(told, version).issue.map((issue) => issue.code);
  expect([codesIn(), codesIn('r4'), codesIn('stu3')]).toEqual([[r4], [r4], [stu3]]);
});
