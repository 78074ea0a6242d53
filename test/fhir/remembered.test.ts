import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Remembered } from '../../fhir/remembered.js';

test('what is remembered is what was set, the last texts, as many as have so many characters together', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 12 }), { maxLength: 40 }), (texts) => {
      const remembered = new Remembered<string>(100);
      const set: string[] = [];
      for (const text of texts) {
        remembered.set(text, `of ${text}`);
        if (text.length <= 10 && !set.includes(text)) set.push(text);
        while (set.join('').length > 100) set.shift();
        for (const each of texts) {
          expect(remembered.get(each)).toBe(set.includes(each) ? `of ${each}` : undefined);
        }
      }
    }),
  );
});
