import { type ASTNode, type FieldNode, Kind, print, type SelectionSetNode } from 'graphql';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import { nearest } from '../../fhir/nearest.js';
import { invalidRequest, notSupported, OperationOutcomeError } from '../../fhir/outcome.js';
import { failureAt, type GraphqlFailure, GraphqlRefusal, pathText, type ResponsePath } from '../failure.js';
import { type Field, fieldNames, fieldOf, fhirType, type SelectedType } from '../fields.js';
import type { Operation } from '../request.js';
import { conditionOn, typeNameOf } from '../type-names.js';
import { type Arguments, argumentsOf, flagArgument, requireKnown, textArgument } from './arguments.js';
import { constantFields, isConstant, type SetPlace } from './constant-fields.js';
import { isIncluded, layoutOf, requireDirectives } from './directives.js';
import { elementFilter } from './element-filter.js';
import type { FieldContent, FieldPlan, Selection } from './field-plan.js';
import { searchPlan } from './search-plan.js';
import { writePlan } from './write-plan.js';

/** So many mistakes are told; the rest is not looked for. */
const mostMistakes = 50;

/** Fields of one name in the answer, in one object: selected once or several times. */
type Group = [FieldNode, ...FieldNode[]];

/**
 * Reads what an operation selects: every field, argument and directive is checked against the version's definitions.
 * @param root what the operation stands on: queries, mutations, or one resource.
 * @returns the fields of the answer.
 * @throws GraphqlRefusal with every mistake found, each with its path.
 * @see https://hl7.org/fhir/R4/graphql.html
 */
export function compile(definitions: FhirDefinitions, operation: Operation, root: SelectedType): readonly FieldPlan[] {
  const compiler = new Compiler(definitions, operation);
  const fields = compiler.fields([operation.definition.selectionSet], root, []);
  compiler.refuseMistakes();
  return fields;
}

class Compiler {
  mistakes: GraphqlFailure[] = [];
  private readonly definitions: FhirDefinitions;
  private readonly operation: Operation;
  /** Fields of one name that say different things, by their path: wrong whatever the type they stand on. */
  readonly conflicts = new Map<string, GraphqlFailure>();
  /** What is wrong with fields of resources of any type; nothing where some type has them. */
  private readonly judged: WeakMap<FieldNode, readonly GraphqlFailure[]>;
  /** Whether what no variable makes different is looked up, and remembered: not inside such a set, nor while types are tried. */
  private remembers: boolean;
  /** Whether what is compiled here is remembered: the fields of a set that no variable makes different. */
  private readonly isRemembered: boolean;

  constructor(definitions: FhirDefinitions, operation: Operation, within?: Compiler) {
    this.definitions = definitions;
    this.operation = operation;
    this.judged = within?.judged ?? new WeakMap<FieldNode, readonly GraphqlFailure[]>();
    this.remembers = within === undefined;
    this.isRemembered = within !== undefined;
  }

  /** @throws GraphqlRefusal when there are mistakes. */
  refuseMistakes(): void {
    const all = [...this.mistakes, ...this.conflicts.values()];
    if (all.length > 0) throw new GraphqlRefusal(all);
  }

  /** The fields of selection sets that stand on one type. */
  fields(sets: readonly SelectionSetNode[], type: SelectedType, path: ResponsePath): readonly FieldPlan[] {
    const [set, another] = sets;
    if (this.remembers && set !== undefined && another === undefined && isConstant(set, this.operation.fragments)) {
      return this.constant({ set, type, path });
    }
    const groups = new Map<string, Group>();
    for (const set of sets) this.collect(set, type, path, groups);
    return [...groups].flatMap(([key, group]) => this.group(key, group, type, path));
  }

  /** The fields of a set that no variable makes different: they are compiled once, unless there are mistakes. */
  private constant(place: SetPlace): readonly FieldPlan[] {
    const { definition } = this.operation;
    const remembered = constantFields(this.definitions);
    const known = remembered.known(definition, place);
    if (known !== undefined) return known;
    const inside = new Compiler(this.definitions, { ...this.operation, variables: new Map() }, this);
    const fields = inside.fields([place.set], place.type, place.path);
    if (inside.mistakes.length + inside.conflicts.size === 0) remembered.remember(definition, place, fields);
    this.mistakes.push(...inside.mistakes.slice(0, mostMistakes - this.mistakes.length));
    for (const [at, conflict] of inside.conflicts) this.conflicts.set(at, conflict);
    return fields;
  }

  /** Adds the fields of a selection set that count on a type, in order. */
  private collect(set: SelectionSetNode, type: SelectedType, path: ResponsePath, groups: Map<string, Group>): void {
    const { fragments, variables } = this.operation;
    for (const selection of set.selections) {
      this.attempt(selection.kind === Kind.FIELD ? [...path, keyOf(selection)] : path, [selection], () => {
        requireDirectives(selection.directives, selection.kind !== Kind.FIELD);
        if (!isIncluded(selection.directives, variables)) return;
        if (selection.kind === Kind.FIELD) {
          const key = keyOf(selection);
          const group = groups.get(key);
          if (group === undefined) groups.set(key, [selection]);
          else group.push(selection);
          return;
        }
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        if (fragment === undefined) return;
        const name = fragment.typeCondition?.name.value;
        const condition = name === undefined ? 'applies' : conditionOn(this.definitions, name, type);
        if (condition === 'unknown') throw invalidRequest(`There is no type ${String(name)}`);
        if (condition === 'applies') this.collect(fragment.selectionSet, type, path, groups);
      });
    }
  }

  private group(key: string, group: Group, type: SelectedType, path: ResponsePath): readonly FieldPlan[] {
    const at = [...path, key];
    return (
      this.attempt(at, group, () => {
        const [first] = group;
        const field = fieldOf(this.definitions, type, first.name.value);
        if (field === undefined) throw this.unknownField(first.name.value, type);
        return this.alike(group, field, at).map((same) => this.plan(key, same, field, type, at));
      }) ?? []
    );
  }

  /**
   * The selections of one name that mean the same. Several targets of a reference may have one name when each is of
   * another type. https://hl7.org/fhir/R4/graphql.html#references
   * @returns none when they say different things, which is then a conflict.
   */
  private alike(group: Group, field: Field, path: ResponsePath): readonly Group[] {
    const byMeaning = new Map<string, Group>();
    for (const node of group) {
      const meaning = `${node.name.value}(${(node.arguments ?? []).map(print).sort().join()})${(node.directives ?? []).map(print).join()}`;
      const same = byMeaning.get(meaning);
      if (same === undefined) byMeaning.set(meaning, [node]);
      else same.push(node);
    }
    const groups = [...byMeaning.values()];
    if (groups.length === 1) return groups;
    const types = groups.map(([node]) => textArgument(this.argumentsOf(node), 'type'));
    const areTargets =
      field.kind === 'target' &&
      group.every((node) => node.name.value === 'resource') &&
      !types.includes(undefined) &&
      new Set(types).size === types.length;
    if (areTargets) return groups;
    const error = invalidRequest(
      `${keyOf(group[0])} is selected in different ways: an alias (a: ${group[0].name.value}) tells them apart`,
    );
    this.conflicts.set(pathText(path), failureAt(error, path, group));
    return [];
  }

  private argumentsOf = (node: FieldNode): Arguments => argumentsOf(node.arguments, this.operation.variables);

  private plan(key: string, group: Group, field: Field, type: SelectedType, path: ResponsePath): FieldPlan {
    const [node] = group;
    const name = node.name.value;
    const sets = group.flatMap(({ selectionSet }) => selectionSet ?? []);
    const hasFields = field.kind !== 'primitive' && field.kind !== 'typename';
    if (hasFields && sets.length === 0)
      throw invalidRequest(`${name} is an object: select fields of it, ${name} { … }`);
    if (!hasFields && sets.length > 0) throw invalidRequest(`${name} has no fields to select`);
    const layout = layoutOf(this.definitions, node.directives, this.operation.variables, hasFields);
    const isLaidOut = layout.flatten || layout.first || layout.singleton || layout.slice !== undefined;
    const operation: string = this.operation.definition.operation;
    // Laying out may fail, and nothing may keep a mutation that was done from being told.
    if (isLaidOut && operation === 'mutation')
      throw invalidRequest('Queries are laid out by directives, not mutations');
    return {
      key,
      name,
      path,
      nodes: group,
      layout,
      isList: field.kind === 'list' || ('isList' in field && field.isList),
      valueType: this.valueType(field),
      content: this.content(node, field, type, sets, path),
    };
  }

  private valueType(field: Field): string {
    switch (field.kind) {
      case 'typename':
        return 'code';
      case 'primitive':
        return field.type;
      case 'element':
        return typeNameOf(field.type);
      case 'inside':
      case 'target':
        return 'Resource';
      case 'connection':
        return `${field.type}Connection`;
      case 'create':
      case 'update':
      case 'delete':
        return `${field.type}Mutation`;
      default:
        return field.type;
    }
  }

  private content(
    node: FieldNode,
    field: Field,
    type: SelectedType,
    sets: readonly SelectionSetNode[],
    path: ResponsePath,
  ): FieldContent {
    const { definitions } = this;
    const given = this.argumentsOf(node);
    switch (field.kind) {
      case 'typename':
        requireKnown(node, []);
        return { kind: 'constant', value: typeNameOf(type) };
      case 'primitive':
        requireKnown(node, []);
        return { kind: 'primitive' };
      case 'element': {
        const isFhir = field.type.kind === 'fhir' && type.kind === 'fhir';
        if (!isFhir) requireKnown(node, []);
        const of = field.type.kind === 'fhir' ? field.type.name : typeNameOf(field.type);
        return {
          kind: 'element',
          type: of,
          filter: elementFilter(definitions, node, given, isFhir ? of : 'Element'),
          fields: this.fields(sets, field.type, path),
        };
      }
      case 'inside':
        return {
          kind: 'inside',
          filter: elementFilter(definitions, node, given, undefined),
          selection: this.selection(sets, path),
        };
      case 'target':
        return this.target(node, given, sets, path);
      case 'stored':
        requireKnown(node, []);
        return { kind: 'stored', type: field.type, fields: this.fields(sets, fhirType(field.type), path) };
      case 'read': {
        requireKnown(node, ['id', '_id']);
        const id = textArgument(given, 'id') ?? textArgument(given, '_id');
        if (id === undefined) throw invalidRequest(`${field.type} needs the argument id; ${field.type}List searches`);
        return {
          kind: 'read',
          target: { type: field.type, id },
          fields: this.fields(sets, fhirType(field.type), path),
        };
      }
      case 'list':
      case 'connection': {
        const inside = type.kind === 'fhir' ? type.name : undefined;
        const search = searchPlan(definitions, node, given, field, inside);
        const of: SelectedType = field.kind === 'list' ? fhirType(field.type) : { kind: 'connection', of: field.type };
        return { kind: 'search', search, fields: this.fields(sets, of, path) };
      }
      case 'create':
      case 'update':
      case 'delete':
        return {
          kind: 'write',
          write: writePlan(node, given, field),
          fields: this.fields(sets, { kind: 'mutated', of: field.type }, path),
        };
    }
  }

  private target(
    node: FieldNode,
    given: Arguments,
    sets: readonly SelectionSetNode[],
    path: ResponsePath,
  ): FieldContent {
    requireKnown(node, ['optional', 'type']);
    const optional = flagArgument(given, 'optional') ?? false;
    const type = textArgument(given, 'type');
    if (type === undefined) return { kind: 'target', optional, selection: this.selection(sets, path) };
    if (!this.definitions.structures.isResourceType(type)) {
      throw invalidRequest(`type: there is no resource type ${type}${this.hint(type, this.definitions.resourceTypes)}`);
    }
    const fields = this.fields(sets, fhirType(type), path);
    return { kind: 'target', optional, type, selection: () => fields };
  }

  /**
   * The fields of a resource whose type is known when it is there. Each must be a field of some type; one that a found
   * resource's type does not have is left out of it.
   */
  private selection(sets: readonly SelectionSetNode[], path: ResponsePath): Selection {
    for (const set of sets) this.requirePossible(set, path);
    const compiled = new Map<string, readonly FieldPlan[]>();
    return (type) => {
      let fields = compiled.get(type);
      if (fields === undefined) {
        fields = this.quietly(() => this.fields(sets, fhirType(type), path)).result;
        const conflicts = [...this.conflicts.values()];
        this.conflicts.clear(); // what is remembered goes on: other types, and other requests, do not have these
        if (conflicts.length > 0) throw new GraphqlRefusal(conflicts);
        compiled.set(type, fields);
        if (this.isRemembered) constantFields(this.definitions).grow(this.operation.definition, fields);
      }
      return fields;
    };
  }

  /** Refuses what no type of resource has. */
  private requirePossible(set: SelectionSetNode, path: ResponsePath): void {
    const any: SelectedType = { kind: 'any' };
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        this.requireField(selection, [...path, keyOf(selection)], path);
        continue;
      }
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : this.operation.fragments.get(selection.name.value);
      this.attempt(path, [selection], () => {
        requireDirectives(selection.directives, true);
        if (fragment === undefined) return;
        const name = fragment.typeCondition?.name.value;
        const condition = name === undefined ? 'applies' : conditionOn(this.definitions, name, any);
        if (condition === 'unknown') throw invalidRequest(`There is no type ${String(name)}`);
        if (condition === 'never') throw invalidRequest(`No resource is of type ${String(name)}`);
        if (condition === 'applies') this.requirePossible(fragment.selectionSet, path);
        else this.fields([fragment.selectionSet], fhirType(condition.narrowed), path);
      });
    }
  }

  private requireField(node: FieldNode, at: ResponsePath, path: ResponsePath): void {
    let mistakes = this.judged.get(node);
    if (mistakes === undefined) this.judged.set(node, (mistakes = this.judge(node, at, path)));
    this.mistakes.push(...mistakes);
  }

  private judge(node: FieldNode, at: ResponsePath, path: ResponsePath): readonly GraphqlFailure[] {
    const set: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [node] };
    const { value: name } = node.name;
    let best: readonly GraphqlFailure[] | undefined;
    for (const type of this.definitions.resourceTypes) {
      if (fieldOf(this.definitions, fhirType(type), name) === undefined) continue;
      const { mistakes } = this.quietly(() => this.fields([set], fhirType(type), path));
      if (mistakes.length === 0) return [];
      if (fitOf(mistakes) > fitOf(best)) best = mistakes;
    }
    if (best !== undefined) return best;
    const names = this.definitions.resourceTypes.flatMap((type) => fieldNames(this.definitions, fhirType(type)));
    return [failureAt(notSupported(`No resource has a field ${name}${this.hint(name, names)}`), at, [node])];
  }

  private unknownField(name: string, type: SelectedType): OperationOutcomeError {
    const owner = typeNameOf(type);
    const hint = this.hint(name, fieldNames(this.definitions, type));
    return notSupported(`${name} is no field of ${owner}${hint}`);
  }

  private hint(name: string, names: readonly string[]): string {
    const near = nearest(name, names);
    return near === undefined ? '' : `; did you mean ${near}?`;
  }

  /** Does it; what it throws is one of the mistakes. */
  private attempt<Result>(path: ResponsePath, nodes: readonly ASTNode[], work: () => Result): Result | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      if (this.mistakes.length < mostMistakes) this.mistakes.push(failureAt(error, path, nodes));
      return undefined;
    }
  }

  /** Does it, and gives its mistakes apart. */
  private quietly<Result>(work: () => Result): {
    readonly result: Result;
    readonly mistakes: readonly GraphqlFailure[];
  } {
    const outer = this.mistakes;
    const remembers = this.remembers;
    this.mistakes = [];
    this.remembers = false;
    try {
      const result = work();
      return { result, mistakes: this.mistakes };
    } finally {
      this.mistakes = outer;
      this.remembers = remembers;
    }
  }
}

/** The name a field has in the answer. */
const keyOf = (node: FieldNode): string => (node.alias ?? node.name).value;

/** The type that fits best is the one where the mistake is deepest, and where it looks like a slip. */
function fitOf(mistakes: readonly GraphqlFailure[] | undefined): number {
  const [first] = mistakes ?? [];
  if (first === undefined) return 0;
  return 2 * first.path.length + (first.error.message.includes('did you mean') ? 1 : 0);
}
