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
  async run(server, caller, { target, input }) {
    const labels = requireInput(inputElement(input, 'meta'), 'meta');
    return metaAnswer(await changeMeta(server, caller, requireInstance(target), (meta) => withLabels(meta, labels)));
  },
};
