import type { Meta } from '../../fhir/resource.js';
import { changeMeta } from './change-meta.js';
import { inputElement, requireInput } from './input.js';
import { withLabels } from './labels.js';
import { metaAnswer } from './meta.js';
import { type Operation, requireInstance } from './operation.js';

/** `$meta-add`: adds profiles, tags and security labels to a resource. https://hl7.org/fhir/R4/resource-operation-meta-add.html */
export const metaAdd: Operation = {
  name: 'meta-add',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-add',
  levels: ['instance'],
  types: ['*'],
  affectsState: true,
  needs: 'update',
  parameters: [{ name: 'meta', type: 'Meta' }],
  async run(server, caller, { target, input, ifMatch }) {
    const labels = requireInput(inputElement(input, 'meta'), 'meta');
    const change = { change: (meta: Meta) => withLabels(meta, labels), ...(ifMatch === undefined ? {} : { ifMatch }) };
    return metaAnswer(await changeMeta(server, caller, requireInstance(target), change));
  },
};
