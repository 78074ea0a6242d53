import { metaAdd } from './meta-add.js';
import { metaDelete } from './meta-delete.js';
import { meta } from './meta.js';
import type { Operation } from './operation.js';

/** Every operation this server has: what routes, bundles and the capability statement go by. */
export const operations: readonly Operation[] = [meta, metaAdd, metaDelete];
