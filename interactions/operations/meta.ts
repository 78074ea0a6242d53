import type { AccessFilter } from '../../search/access.js';
import { parseJson } from '../../fhir/json.js';
import { tooCostly } from '../../fhir/outcome.js';
import type { Meta, Resource } from '../../fhir/resource.js';
import { parseSearch } from '../../search/parse.js';
import { requireUnchained, type SearchRequest } from '../../search/request.js';
import type { Position } from '../../search/search-index.js';
import { accessOrNone } from '../access.js';
import { findMatches } from '../matches.js';
import { read } from '../read.js';
import type { Caller, FhirServer } from '../server.js';
import { withLabels } from './labels.js';
import type { Operation, OperationAnswer } from './operation.js';
import { parametersOf } from './parameters.js';

/** So many labelled resources are looked at for the labels of a type or the system. */
const mostLabelled = 10_000;

const atOnce = 500;

const byLabel = ['_profile', '_security', '_tag'];

/** `$meta`: the profiles, tags and security labels of a resource, or all in use. https://hl7.org/fhir/R4/resource-operation-meta.html */
export const meta: Operation = {
  name: 'meta',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta',
  levels: ['system', 'type', 'instance'],
  types: ['*'],
  affectsState: false,
  needs: 'read',
  parameters: [],
  async run(server, caller, { target }) {
    if (target.level === 'instance') return metaAnswer(metaOf((await read(server, caller, target)).body));
    const types = target.level === 'type' ? [target] : readableTypes(server, caller);
    return metaAnswer(await labelsInUse(server, types));
  },
};

/** The answer of `$meta`, `$meta-add` and `$meta-delete`. */
export const metaAnswer = (value: Meta): OperationAnswer => ({
  kind: 'resource',
  // FHIR has no empty objects: without any label there is nothing to return.
  resource: parametersOf(Object.keys(value).length === 0 ? [] : [{ name: 'return', valueMeta: value }]),
});

/** The meta of a stored body. */
const metaOf = (body: string): Meta => (parseJson(body) as Resource).meta ?? {};

interface ReadableType {
  readonly type: string;
  readonly access: AccessFilter;
}

const readableTypes = (server: FhirServer, caller: Caller): ReadableType[] =>
  server.definitions.resourceTypes.flatMap((type) => {
    const access = accessOrNone(server, caller, 'read', type);
    return access === undefined ? [] : [{ type, access }];
  });

/**
 * The labels of all resources of some types that the caller may see.
 * @throws OperationOutcomeError 413 when too many resources have labels.
 */
async function labelsInUse(server: FhirServer, types: readonly ReadableType[]): Promise<Meta> {
  let labels: Meta = {};
  let looked = 0;
  for (const { type, access } of types) {
    for (const code of byLabel) {
      const request = labelled(server, type, code);
      let after: Position | undefined;
      for (;;) {
        const range = { limit: atOnce, ...(after === undefined ? {} : { after }) };
        const { matches, more } = await findMatches(server, { request, access }, range);
        for (const { version } of matches) labels = withLabels(labels, metaOf(version.body));
        looked += matches.length;
        if (looked > mostLabelled) {
          throw tooCostly(`More than ${String(mostLabelled)} resources have labels; ask for one type or one resource`);
        }
        after = matches.at(-1)?.hit.position;
        if (!more || after === undefined) break;
      }
    }
  }
  return labels;
}

/** The search for resources of a type that have a value for a parameter. */
const labelled = (server: FhirServer, type: string, code: string): SearchRequest =>
  requireUnchained(
    parseSearch(server.definitions, type, [[`${code}:missing`, 'false']], {
      handling: 'strict',
      defaultCount: atOnce,
      maxCount: atOnce,
      now: server.now(),
    }),
  );
