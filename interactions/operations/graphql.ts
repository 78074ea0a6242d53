import { notImplemented, OperationOutcomeError } from '../../fhir/outcome.js';
import { parseJsonParameter } from './json-parameter.js';
import { inputText, requireInput } from './input.js';
import type { Operation } from './operation.js';

/**
 * `$graphql`: the FHIR GraphQL specification, on the whole system or on one resource. A face that speaks HTTP reads the
 * request by itself; here it is an operation of FHIR, as bundles invoke it: the answer is JSON in a Binary.
 * https://hl7.org/fhir/R4/resource-operation-graphql.html
 */
export const graphql: Operation = {
  name: 'graphql',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-graphql',
  levels: ['system', 'instance'],
  types: ['*'],
  affectsState: false,
  needs: 'read',
  parameters: [
    { name: 'query', type: 'string' },
    { name: 'operationName', type: 'string' },
    { name: 'variables', type: 'string' },
  ],
  isServed: (server) => server.graphql !== undefined,
  async run(server, caller, { target, input }) {
    if (server.graphql === undefined) throw notImplemented('$graphql is not served here');
    const operationName = inputText(input, 'operationName');
    const variables = inputText(input, 'variables');
    const { status, data, errors } = await server.graphql(server, caller, {
      target:
        target.level === 'instance'
          ? { kind: 'instance', key: { type: target.type, id: target.id } }
          : { kind: 'system' },
      query: requireInput(inputText(input, 'query'), 'query'),
      ...(operationName === undefined ? {} : { operationName }),
      ...(variables === undefined ? {} : { variables: parseJsonParameter(variables, 'variables') }),
      nulls: false,
      mayMutate: false,
      onUnexpected: (error) => {
        throw error;
      },
    });
    if (data === undefined) {
      throw new OperationOutcomeError(
        status,
        errors.flatMap(({ extensions }) => extensions.resource.issue),
      );
    }
    const content = Buffer.from(`{"data":${data}}`, 'utf8').toString('base64');
    const { version } = server.definitions;
    return {
      kind: 'resource',
      resource: {
        resourceType: 'Binary',
        contentType: 'application/json',
        [version === 'stu3' ? 'content' : 'data']: content,
      },
    };
  },
};
