import { codeSystemValidateCode } from './code-system-validate-code.js';
import { docref } from './docref.js';
import { document } from './document.js';
import { encounterEverything, patientEverything } from './everything.js';
import { expand } from './expand.js';
import { groupExport, patientExport, systemExport } from './export.js';
import { graphql } from './graphql.js';
import { bulkImport } from './import.js';
import { indexLag } from './index-lag.js';
import { lastn } from './lastn.js';
import { lookup } from './lookup.js';
import { metaAdd } from './meta-add.js';
import { metaDelete } from './meta-delete.js';
import { meta } from './meta.js';
import type { Operation } from './operation.js';
import { permissions } from './permissions.js';
import { reindex } from './reindex.js';
import { subsumes } from './subsumes.js';
import { conceptMapTranslate } from './translate.js';
import { validate } from './validate.js';
import { valueSetValidateCode } from './value-set-validate-code.js';
import { versions } from './versions.js';

/** Every operation this server has: what routes, bundles and the capability statement go by. */
export const operations: readonly Operation[] = [
  meta,
  metaAdd,
  metaDelete,
  validate,
  permissions,
  versions,
  reindex,
  indexLag,
  systemExport,
  patientExport,
  groupExport,
  bulkImport,
  graphql,
  patientEverything,
  encounterEverything,
  lastn,
  docref,
  document,
  expand,
  valueSetValidateCode,
  codeSystemValidateCode,
  lookup,
  subsumes,
  conceptMapTranslate,
];
