import { stringifyJson } from '../fhir/json.js';
import { invalidRequest, notSupported, OperationOutcomeError } from '../fhir/outcome.js';
import type { GraphqlAnswer, GraphqlCall, GraphqlTarget } from '../interactions/graphql-call.js';
import type { Caller, FhirServer } from '../interactions/server.js';
import { type Executed, Execution } from './execute/execute.js';
import { failureAt, failureJson, type GraphqlFailure, GraphqlRefusal, isOfAbsence } from './failure.js';
import { fhirType, type SelectedType } from './fields.js';
import { introspect, isIntrospection } from './introspect.js';
import { type GraphqlLimits, standardLimits } from './limits.js';
import { requireWithin } from './measure.js';
import { compile } from './plan/compile.js';
import { type Operation, readOperation } from './request.js';
import { shaped } from './shape.js';

/**
 * Makes what answers GraphQL: all of what a request asks for, or errors instead. Mutations that were done are told
 * in any case, beside the errors of the others; and to who takes nulls, what is there beside what is not.
 * @param limits those that are not the standard ones.
 * @see https://hl7.org/fhir/R4/graphql.html#errors
 */
export function createGraphql(limits: Partial<GraphqlLimits> = {}): NonNullable<FhirServer['graphql']> {
  const all = { ...standardLimits, ...limits };
  return async (server, caller, call) => {
    try {
      const operation = readOperation(call);
      requireWithin(operation, all);
      return await answer(server, caller, call, operation, all);
    } catch (error) {
      if (error instanceof GraphqlRefusal) return refused(server.definitions, error.failures);
      if (error instanceof OperationOutcomeError) return refused(server.definitions, [failureAt(error, [])]);
      throw error;
    }
  };
}

async function answer(
  server: FhirServer,
  caller: Caller,
  call: GraphqlCall,
  operation: Operation,
  limits: GraphqlLimits,
): Promise<GraphqlAnswer> {
  const { definitions } = server;
  const { target } = call;
  const kind: string = operation.definition.operation;
  if (kind === 'subscription') throw invalidRequest('$graphql has no subscriptions');
  if (kind === 'mutation') {
    if (target.kind !== 'system') throw invalidRequest('Mutations are sent to [base]/$graphql');
    if (!call.mayMutate) throw new OperationOutcomeError(405, mutationByGet);
    return mutations(server, caller, call, operation, limits);
  }
  const type = typeOf(target);
  if (isIntrospection(operation)) {
    if (!limits.introspection) throw notSupported('Introspection is switched off on this server');
    return { status: 200, data: await introspect(definitions, operation, type), errors: [] };
  }
  const root: SelectedType = type === undefined ? { kind: 'query' } : fhirType(type);
  const fields = compile(definitions, operation, root);
  const { result, failures } = await executed(new Execution(server, caller, limits, call.nulls), target, fields);
  // Only nulls can say, beside the errors, what it is that is not there.
  if (failures.length > 0 && !(call.nulls && failures.every(isOfAbsence))) return refused(definitions, failures);
  return { status: 200, data: stringifyJson(shaped(result, call.nulls)), errors: told(definitions, failures) };
}

function executed(execution: Execution, target: GraphqlTarget, fields: ReturnType<typeof compile>): Promise<Executed> {
  if (target.kind === 'system') return execution.query(fields);
  if (target.kind === 'instance') return execution.instance(target.key, fields);
  return execution.resource(target.resource, target.resource.resourceType, fields);
}

async function mutations(
  server: FhirServer,
  caller: Caller,
  { nulls, onUnexpected }: GraphqlCall,
  operation: Operation,
  limits: GraphqlLimits,
): Promise<GraphqlAnswer> {
  const fields = compile(server.definitions, operation, { kind: 'mutation' });
  const { result, failures, done } = await new Execution(server, caller, limits).mutations(fields, onUnexpected);
  if (done === 0 && failures.length > 0) return refused(server.definitions, failures);
  // Beside errors, null says which of several mutations failed.
  const data = stringifyJson(shaped(result, nulls || failures.length > 0));
  return { status: 200, data, errors: told(server.definitions, failures) };
}

const typeOf = (target: GraphqlTarget): string | undefined =>
  target.kind === 'system' ? undefined : target.kind === 'instance' ? target.key.type : target.resource.resourceType;

const told = ({ version }: FhirServer['definitions'], failures: readonly GraphqlFailure[]): GraphqlAnswer['errors'] =>
  failures.map((failure) => failureJson(failure, version));

/** Beside something worse, such as an outage, that something is not there does not say what becomes of the request. */
const refused = (definitions: FhirServer['definitions'], failures: readonly GraphqlFailure[]): GraphqlAnswer => ({
  status: (failures.find((failure) => !isOfAbsence(failure)) ?? failures[0])?.error.status ?? 500,
  errors: told(definitions, failures),
});

const mutationByGet = [
  { severity: 'error' as const, code: 'not-supported', diagnostics: 'A mutation is sent by POST, not by GET' },
];
