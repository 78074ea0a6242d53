import { notImplemented } from '../../fhir/outcome.js';
import type { Operation } from './operation.js';
import { parametersOf } from './parameters.js';

/**
 * `$reindex`: makes the search index anew from the store, for operators. Searches and writes go on meanwhile; the answer
 * comes when the new index has taken the old one's place, and says how many resources it was made of.
 */
export const reindex: Operation = {
  name: 'reindex',
  definition: 'urn:fhir-on-appsync:operation:reindex',
  levels: ['system'],
  types: [],
  affectsState: true,
  needs: 'reindex',
  parameters: [],
  isServed: (server) => server.reindex !== undefined,
  async run(server) {
    if (server.reindex === undefined) throw notImplemented('$reindex is not supported on these engines');
    const { resources, deleted } = await server.reindex();
    return {
      kind: 'resource',
      resource: parametersOf([
        { name: 'resources', valueInteger: resources },
        { name: 'deleted', valueInteger: deleted },
      ]),
    };
  },
};
