import { describe, expect, test } from '@jest/globals';
import { placeIn } from '../../console/fhir/json-places.js';

const text = JSON.stringify(
  {
    resourceType: 'Patient',
    name: [{ family: 'A' }, { given: ['B', 'C'], famly: 'D' }],
    deceasedBoolean: 'no',
    contact: [{ name: { family: 1 } }],
  },
  null,
  2,
);
const found = (path: string | undefined): string => {
  const { from, to } = placeIn(text, path);
  return text.slice(from, to);
};

describe('the place of an issue in the text', () => {
  test.each([
    ['Patient.name[1].famly', '"famly"'],
    ['Patient.name[1].given[1]', '"C"'],
    ['Patient.deceased', '"deceasedBoolean"'],
    ['Patient.deceased.ofType(boolean)', '"deceasedBoolean"'],
    ['Patient.contact[0].name.family', '"family"'],
    ['Patient.contact.name.family', '"family"'],
    ['Patient.name[1].period.start', '{'],
    ['Patient', '{'],
    [undefined, '{'],
  ])('%s is at %s', (path, at) => {
    expect(found(path)).toBe(at);
  });

  test('text that is no JSON has places as well', () => {
    expect(placeIn('{ "name": [ { "family": ', 'Patient.name[0].family').from).toBe(14);
    expect(placeIn('', 'Patient.name')).toEqual({ from: 0, to: 0 });
  });
});
