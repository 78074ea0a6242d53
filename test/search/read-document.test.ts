import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type IndexedDocument, readDocument } from '../../search/lmdb/read-document.js';

/** Texts with all that could be taken for the structure of JSON. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', '\\', ']', '[', '{', '}', ':', ',', 'a', '\u0005', '\t', 'ö', '😀') }),
  fc.constantFrom(']', ']x', '","terms":{', ',"terms":{"date":["x"]}', '"date":["', 'date', '"]', '\\"]', '\\'),
);
const codes = ['date', 'birth-date', '_id', '#contained', 'terms', 'type', 'value-date'];
const head = { type: text, id: text, versionId: fc.nat(), compartments: fc.array(text) };
const documents: fc.Arbitrary<IndexedDocument> = fc.oneof(
  fc.record(head),
  fc.record({ ...head, terms: fc.dictionary(fc.constantFrom(...codes), fc.array(text, { maxLength: 4 })) }),
);

test('a document tells by its JSON what it is, and the terms of each parameter', () => {
  fc.assert(
    fc.property(documents, fc.array(fc.constantFrom(...codes), { maxLength: 12 }), (document, asked) => {
      // An object of a dictionary has no prototype: only own members count.
      const { type, id, versionId, compartments, terms = {} } = document;
      const read = readDocument(JSON.stringify(document));
      for (const code of [...codes, ...asked]) {
        expect(read.termsOf(code)).toEqual(Object.hasOwn(terms, code) ? terms[code] : undefined);
      }
      expect({ ...pick(read) }).toEqual({ type, id, versionId, compartments });
      expect(read.isDeleted).toBe(document.terms === undefined);
    }),
    { numRuns: 200 },
  );
});

const pick = ({ type, id, versionId, compartments }: ReturnType<typeof readDocument>): object => ({
  type,
  id,
  versionId,
  compartments,
});
