import { describeSearchIndex } from '../../contract/search-index.js';
import { openIndex } from './index-under-test.js';

describeSearchIndex('on OpenSearch', openIndex, { runs: 10 });
