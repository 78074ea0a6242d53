import { expect, test } from '@jest/globals';
import { mapping } from '../../search/mapping.js';

interface Field {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Field>>;
}

/** Every field, those inside nested objects included. */
const fieldsOf = (field: Field): Field[] =>
  Object.values(field.properties ?? {}).flatMap((each) => [each, ...fieldsOf(each)]);

test('the OpenSearch mapping has fewer than 60 fields, whatever parameters there are, and takes no others', () => {
  expect(fieldsOf(mapping).length).toBeLessThan(60);
  expect(mapping.dynamic).toBe(false);
});
