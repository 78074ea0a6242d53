import { join } from 'node:path';
import type { ImplementationGuide } from '../../fhir/guide.js';
import { readGuide } from '../../local/guide/read-guide.js';

/** The folder of a guide made for the tests: `clinic-r4`, `clinic-stu3`. */
export const guideFolder = (name: string): string => join(import.meta.dirname, '..', 'fixtures', 'ig', name);

/** The guides made for the tests, one of each version. */
export const testGuides = (): Promise<ImplementationGuide[]> =>
  Promise.all(['clinic-r4', 'clinic-stu3'].map((name) => readGuide(guideFolder(name))));
