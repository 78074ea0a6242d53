import type { FieldNode } from 'graphql';
import { invalidRequest } from '../../fhir/outcome.js';
import { isJsonObject, type JsonObject } from '../variables.js';
import { type Arguments, requireKnown, textArgument } from './arguments.js';

/** A mutation, its arguments read. https://hl7.org/fhir/R4/graphql.html#mutations */
export type WritePlan =
  | { readonly kind: 'create'; readonly type: string; readonly resource: JsonObject }
  | {
      readonly kind: 'update';
      readonly type: string;
      readonly id: string;
      readonly resource: JsonObject;
      readonly versionId?: number;
    }
  | { readonly kind: 'delete'; readonly type: string; readonly id: string; readonly versionId?: number };

const known = { create: ['res'], update: ['id', 'res', 'versionId'], delete: ['id', 'versionId'] } as const;

/**
 * Reads the arguments of a mutation.
 * @param field its kind, and the resource type it is about.
 * @throws OperationOutcomeError 400 naming the argument that is not known, needed, or has no usable value.
 */
export function writePlan(
  node: FieldNode,
  given: Arguments,
  { kind, type }: { readonly kind: WritePlan['kind']; readonly type: string },
): WritePlan {
  requireKnown(node, known[kind]);
  if (kind === 'create') return { kind, type, resource: resourceArgument(given, type) };
  const id = textArgument(given, 'id');
  if (id === undefined) throw invalidRequest(`${node.name.value} needs the argument id`);
  const version = textArgument(given, 'versionId');
  if (version !== undefined && !/^[1-9][0-9]{0,14}$/.test(version)) {
    throw invalidRequest('versionId must be a version such as "1"');
  }
  const versionId = version === undefined ? {} : { versionId: Number(version) };
  return kind === 'update'
    ? { kind, type, id, resource: resourceArgument(given, type), ...versionId }
    : { kind, type, id, ...versionId };
}

function resourceArgument(given: Arguments, type: string): JsonObject {
  const value = given.get('res');
  if (!isJsonObject(value)) throw invalidRequest('res must be an object, the resource');
  if ((value['resourceType'] ?? type) !== type) throw invalidRequest(`res.resourceType must be ${type}`);
  return value;
}
