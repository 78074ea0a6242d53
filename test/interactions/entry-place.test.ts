import { expect, test } from '@jest/globals';
import { gone, OperationOutcomeError, tooManyRequests } from '../../fhir/outcome.js';
import { failingAt, failingAtField, placed } from '../../interactions/entry-place.js';

const thrown = (error: OperationOutcomeError) => (): never => {
  throw error;
};
const of = (status: number, expression: string): OperationOutcomeError =>
  new OperationOutcomeError(status, [{ severity: 'error', code: 'x', expression: [expression] }]);

test.each([
  ['Patient.name[0]', 'Bundle.entry[3].resource.name[0]'],
  ['http.If-Match', 'Bundle.entry[3].request.ifMatch'],
  ['Bundle.entry[3].request.url', 'Bundle.entry[3].request.url'],
  ['_sort', 'Bundle.entry[3]'],
])('a failure about %s is told as one about %s', (expression, told) => {
  expect(placed(of(422, expression), 'Bundle.entry[3]')).toMatchObject({
    status: 422,
    issues: [{ expression: [told] }],
  });
});

test('an entry’s failure keeps the version it is about, and when to come again', () => {
  expect(placed(gone('Patient/1', 3), 'Bundle.entry[0]')).toMatchObject({ status: 410, versionId: 3 });
  expect(() => failingAt('Bundle.entry[0]', thrown(tooManyRequests('x', 7)))).toThrow(
    expect.objectContaining({ status: 429, retryAfter: 7 }),
  );
});

test('so does a field’s, whose argument it names', async () => {
  const stale = Object.assign(of(412, 'http.If-Match'), { versionId: 2, retryAfter: 7 });
  await expect(failingAtField('PatientUpdate', () => Promise.reject(stale))).rejects.toMatchObject({
    status: 412,
    versionId: 2,
    retryAfter: 7,
    issues: [{ expression: ['PatientUpdate(versionId)'] }],
  });
});

test('what nobody expected stays what it is', () => {
  const error = new TypeError('x');
  expect(placed(error, 'Bundle.entry[0]')).toBe(error);
});
