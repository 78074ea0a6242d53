import type { FhirDefinitions } from '../../fhir/definitions.js';
import { nearest } from '../../fhir/nearest.js';
import { notFound, type OperationOutcomeError } from '../../fhir/outcome.js';
import { clip } from '../resource-type.js';
import type { Operation, OperationLevel, OperationTarget } from './operation.js';
import { operations } from './operations.js';

/** The operations of a version. */
export const operationsOf = ({ version }: FhirDefinitions): readonly Operation[] =>
  operations.filter(({ versions }) => versions?.includes(version) !== false);

const isFor = ({ types }: Operation, type: string): boolean => types.includes('*') || types.includes(type);

/** The operations that can be invoked at a level of a type, or on the system. */
export const operationsAt = (
  definitions: FhirDefinitions,
  level: OperationLevel,
  type?: string,
): readonly Operation[] =>
  operationsOf(definitions).filter(
    (operation) => operation.levels.includes(level) && (type === undefined || isFor(operation, type)),
  );

/** The operations of a type and of its resources. */
export const operationsOfType = (definitions: FhirDefinitions, type: string): readonly Operation[] =>
  operationsOf(definitions).filter(
    (operation) => operation.levels.some((level) => level !== 'system') && isFor(operation, type),
  );

/** An operation and what it is invoked on. */
export interface FoundOperation {
  readonly operation: Operation;
  readonly target: OperationTarget;
}

/**
 * Finds the operation a path names: `$name`, `[type]/$name` or `[type]/[id]/$name`.
 * @param path its decoded segments below the base.
 * @returns undefined when the path names no operation; a 404 that says what there is instead of an unknown one.
 */
export function operationOfPath(
  definitions: FhirDefinitions,
  path: readonly string[],
): FoundOperation | OperationOutcomeError | undefined {
  const place = path.findIndex((segment) => segment.startsWith('$'));
  if (place < 0) return undefined;
  const [type, id] = path;
  if (place > 0 && type !== undefined && !definitions.structures.isResourceType(type)) {
    return notFound(`The resource type ${clip(type)}`);
  }
  if (place > 2 || path.length > place + 1) return notFound(`The path ${clip(path.join('/'))}`);
  const target: OperationTarget =
    place === 0 || type === undefined
      ? { level: 'system' }
      : place === 1 || id === undefined
        ? { level: 'type', type }
        : { level: 'instance', type, id };
  const name = path[place]?.slice(1) ?? '';
  const operation = findOperation(definitions, target, name);
  return 'run' in operation ? { operation, target } : operation;
}

function findOperation(
  definitions: FhirDefinitions,
  target: OperationTarget,
  name: string,
): Operation | OperationOutcomeError {
  const type = target.level === 'system' ? undefined : target.type;
  const there = operationsAt(definitions, target.level, type);
  const found = there.find((operation) => operation.name === name);
  if (found !== undefined) return found;
  const where = { system: 'the base', type: type ?? '', instance: `${type ?? ''}/[id]` }[target.level];
  const elsewhere = operationsOf(definitions)
    .filter((operation) => operation.name === name)
    .map(placesOf);
  const near = nearest(
    name,
    there.map((operation) => operation.name),
  );
  const hint =
    elsewhere.length > 0
      ? `there is ${elsewhere.join(', ')}`
      : near === undefined
        ? there.length === 0
          ? 'there is none'
          : `there are ${there.map((operation) => `$${operation.name}`).join(', ')}`
        : `did you mean $${near}?`;
  return notFound(`The operation $${clip(name)} on ${where} (${hint})`);
}

const placesOf = ({ name, levels, types }: Operation): string =>
  levels
    .flatMap((level) => {
      if (level === 'system') return [`$${name}`];
      const owners = types.includes('*') ? ['[type]'] : types;
      return owners.map((type) => `${type}/${level === 'instance' ? '[id]/' : ''}$${name}`);
    })
    .join(', ');
