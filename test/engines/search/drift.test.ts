import { afterAll, describe } from '@jest/globals';
import { loadDefinitions } from '../../../fhir/load-definitions.js';
import { testDrift } from '../../contract/drift.js';
import { openIndex, type OpenSearchUnderTest } from './index-under-test.js';

const definitions = await loadDefinitions('r4');
const opened: OpenSearchUnderTest[] = [];
afterAll(() => Promise.all(opened.map((each) => each.close())));

describe('compared with an index on OpenSearch', () => {
  testDrift(async () => {
    const made = await openIndex(definitions);
    opened.push(made);
    return { index: made.index, inspection: made.index.inspection };
  });
});
