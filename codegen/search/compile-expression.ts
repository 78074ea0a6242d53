import { type ElementType, type ElementTypes } from './element-types.js';
import { type Expression, parseExpression } from '../../fhir/fhirpath/expression.js';

/** What an expression is compiled against. */
export interface CompileTarget {
  readonly types: ElementTypes;
  /** The type of the resource, which the code calls `r`. */
  readonly resource: ElementType;
  /** Where the expression starts; `code` is what the generated code calls it: `r`, or `e` for an element. */
  readonly start: { readonly code: string; readonly type: ElementType };
}

/**
 * One way through the data that an expression may take: `wrap` puts a statement into the loops and conditions that
 * lead there, and `code` reads the value (or the list of values) then.
 */
interface Branch extends ElementType {
  readonly wrap: (statement: string) => string;
  readonly code: string;
  readonly isList: boolean;
  /** Reads the `_` sibling of a primitive: an element may have extensions and no value. */
  readonly sibling?: string;
}

/** A compiled expression: statements that add the selected values to `o`, and the types of what they may add. */
export interface Compiled {
  readonly statements: string;
  readonly types: readonly ElementType[];
}

/**
 * Compiles a FHIRPath expression to statements that call the functions of `fhir/element-values.ts`.
 * Alternatives that start at other resource types (`Patient.telecom | Person.telecom`) are left out.
 * @param text the expression.
 * @param target the type it is for.
 * @returns JavaScript that adds the values to `o`.
 * @throws Error when it uses what is not covered, names an unknown element, or can select nothing.
 */
export function compileExpression(text: string, target: CompileTarget): Compiled {
  const branches = new ExpressionCompiler(target).compile(parseExpression(text));
  if (branches.length === 0) throw new Error(`selects nothing in ${target.resource.type}: ${text}`);
  const statements = addStatements(branches);
  const types = branches.map(({ type, path, valueSet }) => ({
    type,
    path,
    ...(valueSet === undefined ? {} : { valueSet }),
  }));
  return { statements, types };
}

const addValue = ({ code, type }: Branch): string =>
  type === 'Resource' ? `addResource(o, ${code});` : `add(o, ${code}, '${type}');`;

/** Adds an element that is there, be it without a value. */
const addElement = (branch: Branch): string =>
  branch.sibling === undefined
    ? addValue(branch)
    : `addElement(o, ${branch.code}, ${branch.sibling}, '${branch.type}');`;

/** Statements that add what the branches give; those that share loops share them in the code too. */
function addStatements(branches: readonly Branch[], add: (branch: Branch) => string = addValue): string {
  const groups: { wrap: Branch['wrap']; adds: string[] }[] = [];
  for (const branch of branches) {
    const statement = add(branch);
    const last = groups.at(-1);
    if (last?.wrap !== branch.wrap) groups.push({ wrap: branch.wrap, adds: [statement] });
    else if (!last.adds.includes(statement)) last.adds.push(statement);
  }
  const statements = groups.map(({ wrap, adds: [first = '', ...others] }) =>
    wrap(
      others.length === 0 || wrap === unwrapped ? [first, ...others].join(' ') : `{ ${[first, ...others].join(' ')} }`,
    ),
  );
  return [...new Set(statements)].join(' ');
}

const literal = (value: string | boolean | number): string =>
  typeof value === 'string' ? `'${value.replace(/['\\]/g, '\\$&')}'` : String(value);

const unwrapped = (statement: string): string => statement;

class ExpressionCompiler {
  private variables = 0;
  private readonly target: CompileTarget;
  constructor(target: CompileTarget) {
    this.target = target;
  }

  compile(expression: Expression): Branch[] {
    switch (expression.kind) {
      case 'member':
        return expression.of === undefined
          ? this.start(expression.name)
          : this.member(this.compile(expression.of), expression.name);
      case 'variable':
        if (expression.name !== 'resource') throw new Error(`%${expression.name} is not covered`);
        return [this.root('r', this.target.resource)];
      case 'index':
        return this.index(this.compile(expression.of), expression.at);
      case 'call':
        return this.call(expression);
      case 'type':
        return expression.operator === 'as'
          ? this.ofType(this.compile(expression.of), expression.type)
          : [this.truth(this.truthCode(expression))];
      case 'binary':
        return expression.operator === '|'
          ? [...this.compile(expression.left), ...this.compile(expression.right)]
          : [this.truth(this.truthCode(expression))];
      case 'literal':
        throw new Error(`a literal alone is not covered`);
      default:
        throw new Error(`${expression.kind} is not covered`);
    }
  }

  /** The first name of a path: the resource itself by its type's name, or an element of where the expression starts. */
  private start(name: string): Branch[] {
    const { types, resource, start } = this.target;
    if (types.isA(resource.type, name)) return [this.root('r', resource)];
    if (types.isResource(name)) return [];
    return this.member([this.root(start.code, start.type)], name);
  }

  private root(code: string, type: ElementType): Branch {
    return { ...type, wrap: unwrapped, code, isList: false };
  }

  private truth(code: string): Branch {
    return { type: 'boolean', path: 'boolean', wrap: unwrapped, code, isList: false };
  }

  private member(branches: readonly Branch[], name: string): Branch[] {
    const found = branches.flatMap((branch) => {
      const members = this.target.types.members(branch, name);
      const owner = branch.isList && members.length > 0 ? this.each(branch) : branch;
      const access = owner.code === 'r' ? '.' : '?.';
      return members.map(({ json, isList, ...elementType }) => ({
        ...elementType,
        wrap: owner.wrap,
        code: `${owner.code}${access}${json}`,
        isList,
        ...(this.target.types.isPrimitive(elementType.type) ? { sibling: `${owner.code}${access}_${json}` } : {}),
      }));
    });
    if (found.length === 0 && branches.length > 0) {
      throw new Error(`${[...new Set(branches.map(({ path }) => path))].join(', ')} has no ${name}`);
    }
    return found;
  }

  /** A loop over a list, or a name for a single value. */
  private each(branch: Branch): Branch {
    this.variables += 1;
    const code = `v${String(this.variables)}`;
    const wrap = branch.isList
      ? (statement: string): string => branch.wrap(`for (const ${code} of list(${branch.code})) ${statement}`)
      : (statement: string): string => branch.wrap(`{ const ${code} = ${branch.code}; ${statement} }`);
    return { ...branch, wrap, code, isList: false };
  }

  private index([branch, ...others]: readonly Branch[], at: number): Branch[] {
    if (branch === undefined) return [];
    if (others.length > 0 || branch.wrap !== unwrapped || !branch.isList)
      throw new Error('[ ] is only covered on a list');
    return [{ ...branch, code: `list(${branch.code})[${String(at)}]`, isList: false }];
  }

  private ofType(branches: readonly Branch[], name: string): Branch[] {
    const { types } = this.target;
    const type = types.typeNamed(name);
    const found = branches.filter((branch) => types.isA(branch.type, type));
    if (found.length === 0 && branches.length > 0) throw new Error(`nothing there is a ${type}`);
    return found;
  }

  private call(expression: Expression & { kind: 'call' }): Branch[] {
    const { of, name, arguments: given } = expression;
    const [argument] = given;
    if (of === undefined) throw new Error(`${name}() without a path before it is not covered`);
    switch (name) {
      case 'where':
        if (argument === undefined) throw new Error('where() needs criteria');
        return this.compile(of).map((branch) => this.where(branch, argument));
      case 'extension':
        if (argument === undefined) throw new Error('extension() needs a URL');
        return this.member(this.compile(of), 'extension').map((branch) =>
          this.where(branch, { kind: 'binary', operator: '=', left: { kind: 'member', name: 'url' }, right: argument }),
        );
      case 'exists':
        return [this.truth(this.truthCode(expression))];
      default:
        throw new Error(`${name}() is not covered`);
    }
  }

  private where(branch: Branch, criteria: Expression): Branch {
    const item = this.each(branch);
    const condition = this.condition(item, criteria);
    return { ...item, wrap: (statement) => item.wrap(`if (${condition}) ${statement}`) };
  }

  /** Criteria on one item: `resolve() is <type>`, or `<element> = <literal>` for an element that does not repeat. */
  private condition(item: Branch, criteria: Expression): string {
    if (criteria.kind === 'type' && criteria.of.kind === 'call' && criteria.of.name === 'resolve') {
      if (item.type !== 'Reference') throw new Error(`resolve() of a ${item.type} is not covered`);
      return `refersTo(${item.code}, '${this.target.types.typeNamed(criteria.type)}', r)`;
    }
    if (criteria.kind === 'binary' && criteria.operator === '=') {
      const { left, right } = criteria;
      if (left.kind === 'member' && left.of === undefined && right.kind === 'literal') {
        const [member, ...others] = this.member([item], left.name);
        if (member !== undefined && others.length === 0 && !member.isList) {
          return `${member.code} === ${literal(right.value)}`;
        }
      }
    }
    throw new Error('these criteria of where() are not covered');
  }

  /** An expression whose value is a boolean, or undefined for FHIRPath's empty collection. */
  private truthCode(expression: Expression): string {
    if (expression.kind === 'call' && expression.name === 'exists' && expression.of !== undefined) {
      if (expression.arguments.length > 0) throw new Error('exists() with criteria is not covered');
      return `exists(${this.valuesCode(expression.of)})`;
    }
    if (expression.kind === 'type' && expression.operator === 'is') {
      const branches = this.compile(expression.of);
      const types = [...new Set(branches.map(({ type }) => type))];
      const accepted = types.filter((type) =>
        this.target.types.isA(type, this.target.types.typeNamed(expression.type)),
      );
      return `is(${this.valuesCode(expression.of)}, [${accepted.map(literal).join(', ')}])`;
    }
    if (expression.kind === 'binary') {
      const { operator, left, right } = expression;
      if (operator === 'and' || operator === 'or') {
        return `${operator}(${this.truthCode(left)}, ${this.truthCode(right)})`;
      }
      if ((operator === '=' || operator === '!=') && right.kind === 'literal') {
        const equal = `equal(${this.valuesCode(left)}, ${literal(right.value)})`;
        return operator === '=' ? equal : `not(${equal})`;
      }
    }
    throw new Error(`a ${expression.kind} where a boolean is due is not covered`);
  }

  private valuesCode(expression: Expression): string {
    return `values((o) => { ${addStatements(this.compile(expression), addElement)} })`;
  }
}
