import { invalidRequest, notImplemented, notSupported } from '../../fhir/outcome.js';
import type { ReindexInput } from '../jobs/reindex-input.js';
import { clip } from '../resource-type.js';
import type { Caller, FhirServer } from '../server.js';
import { inputTexts } from './input.js';
import type { Invocation, Operation, OperationAnswer } from './operation.js';

/**
 * `$reindex`: makes the search index anew from the store, as a job, for operators. Searches and writes go on meanwhile. All of
 * it is made beside the index that serves; the types of `_type` alone in that one.
 */
export const reindex: Operation = {
  name: 'reindex',
  definition: 'urn:fhir-on-appsync:operation:reindex',
  levels: ['system'],
  types: [],
  affectsState: true,
  asynchronous: 'always',
  needs: 'reindex',
  parameters: [{ name: '_type', type: 'string', repeats: true }],
  isServed: ({ jobs, nextIndex }) => jobs !== undefined && nextIndex !== undefined,
  run: begin,
};

async function begin(server: FhirServer, caller: Caller, { input, kickOff }: Invocation): Promise<OperationAnswer> {
  const { jobs, nextIndex } = server;
  if (jobs === undefined || nextIndex === undefined) {
    throw notImplemented('$reindex is not supported on these engines');
  }
  if (kickOff === undefined) throw notSupported('$reindex is asked for by itself, with Prefer: respond-async');
  const types = inputTexts(input, '_type')
    .flatMap((value) => value.split(','))
    .map((each) => each.trim());
  const unknown = types.find((type) => !server.definitions.structures.isResourceType(type));
  if (unknown !== undefined) throw invalidRequest(`_type names "${clip(unknown)}", which is no resource type`, '_type');
  const { terms } = nextIndex;
  const asked: ReindexInput = types.length > 0 ? { terms, types } : { terms, names: await nextIndex.names() };
  const { principal } = caller;
  const id = await jobs.begin({ kind: 'reindex', principal, request: kickOff.request, input: asked });
  return { kind: 'job', id };
}
