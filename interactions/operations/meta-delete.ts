import type { Meta } from '../../fhir/resource.js';
import { changeMeta } from './change-meta.js';
import { inputElement, requireInput } from './input.js';
import { withoutLabels } from './labels.js';
import { metaAnswer } from './meta.js';
import { type Operation, requireInstance } from './operation.js';

/** `$meta-delete`: takes profiles, tags and security labels from a resource. https://hl7.org/fhir/R4/resource-operation-meta-delete.html */
export const metaDelete: Operation = {
  name: 'meta-delete',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-delete',
  levels: ['instance'],
  types: ['*'],
  affectsState: true,
  needs: 'update',
  parameters: [{ name: 'meta', type: 'Meta' }],
  async run(server, caller, { target, input, ifMatch }) {
    const labels = requireInput(inputElement(input, 'meta'), 'meta');
    const change = {
      change: (meta: Meta) => withoutLabels(meta, labels),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    };
    return metaAnswer(await changeMeta(server, caller, requireInstance(target), change));
  },
};
