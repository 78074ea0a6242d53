import { decimalNumber, decimalText } from '../json.js';
import type { StructureTable } from '../structure.js';
import { distinct, equalNodes, membership, orderOf } from './compare.js';
import { type Expression, type Operator, parseExpression } from './expression.js';
import { Call, type Compiled, type FunctionContext } from './call.js';
import { functions, withoutArguments } from './functions.js';
import {
  Children,
  type Collection,
  EvaluationError,
  type FhirNode,
  nothing,
  single,
  spend,
  type Surroundings,
  TooManySteps,
  truth,
  truthOf,
} from './node.js';
import { isA } from './type.js';

const ucum = [{ type: 'System.String', value: 'http://unitsofmeasure.org' }];

/**
 * Makes a compiler of FHIRPath to closures: enough for the invariants of the definitions, at a fraction of the time of
 * a whole FHIRPath engine. https://hl7.org/fhirpath/N1/
 * @param structures of the version, which say what elements a type has.
 * @returns a function from an expression to its compiled form, undefined where it uses what is not covered.
 */
export function fhirPathCompiler(structures: StructureTable): (expression: string) => Compiled | undefined {
  const compiler = new Compiler(structures);
  const known = new Map<string, Compiled | undefined>();
  return (expression) => {
    if (!known.has(expression)) known.set(expression, compiler.tryCompile(expression));
    return known.get(expression);
  };
}

class Compiler {
  private readonly structures: StructureTable;
  private readonly context: FunctionContext;

  constructor(structures: StructureTable) {
    this.structures = structures;
    this.context = { structures, children: new Children(structures) };
  }

  tryCompile(expression: string): Compiled | undefined {
    try {
      return this.compile(parseExpression(expression));
    } catch {
      return undefined;
    }
  }

  private compile(expression: Expression): Compiled {
    switch (expression.kind) {
      case 'literal': {
        const type = { string: 'System.String', boolean: 'System.Boolean', number: 'System.Decimal' }[
          typeof expression.value as 'string' | 'boolean' | 'number'
        ];
        const collection = [{ type, value: expression.value }];
        return () => collection;
      }
      case 'empty':
        return () => nothing;
      case 'this':
        return (focus) => focus;
      case 'variable':
        return variable(expression.name);
      case 'member':
        return this.member(expression);
      case 'index': {
        const of = this.compile(expression.of);
        return (focus, around) => of(focus, around).slice(expression.at, expression.at + 1);
      }
      case 'negative': {
        const of = this.compile(expression.of);
        return (focus, around) => {
          const value = numberOf(of(focus, around));
          return value === undefined ? nothing : [{ type: 'System.Decimal', value: -value }];
        };
      }
      case 'type':
        return this.type(expression);
      case 'call':
        return this.call(expression);
      case 'binary':
        return this.binary(expression.operator, this.compile(expression.left), this.compile(expression.right));
    }
  }

  private member({ of, name }: Expression & { kind: 'member' }): Compiled {
    const { children } = this.context;
    const select = (nodes: Collection, { budget }: Surroundings): Collection => {
      const out: FhirNode[] = [];
      for (const node of nodes) children.named(node, name, out);
      spend(budget, nodes.length + out.length);
      return out;
    };
    if (of !== undefined) {
      const owner = this.compile(of);
      return (focus, around) => select(owner(focus, around), around);
    }
    if (!/^[A-Z]/.test(name)) return select;
    // The name of the resource's own type: `Appointment.status`.
    return (focus) => (focus.every(({ type }) => isA(this.structures, type, name)) ? focus : nothing);
  }

  private type({ operator, of, type: name }: Expression & { kind: 'type' }): Compiled {
    const operand = this.compile(of);
    const isOfType = ({ type }: FhirNode): boolean => isA(this.structures, type, name);
    if (operator === 'as') return (focus, around) => operand(focus, around).filter(isOfType);
    return (focus, around) => {
      const item = single(operand(focus, around));
      return truth(item === undefined ? undefined : isOfType(item));
    };
  }

  private call({ of, name, arguments: given }: Expression & { kind: 'call' }): Compiled {
    const owner: Compiled = of === undefined ? (focus) => focus : this.compile(of);
    if (name === 'ofType') {
      const [argument] = given;
      if (argument?.kind !== 'member') throw new Error('ofType() needs the name of a type');
      return (focus, around) => owner(focus, around).filter(({ type }) => isA(this.structures, type, argument.name));
    }
    const simple = given.length === 0 && Object.hasOwn(withoutArguments, name) ? withoutArguments[name] : undefined;
    if (simple !== undefined) return (focus, around) => simple(owner(focus, around));
    const apply = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (apply === undefined) throw new Error(`${name}() is not covered`);
    const compiled = given.map((argument) => this.compile(argument));
    const { context } = this;
    return (focus, around) => apply(owner(focus, around), new Call(context, compiled, focus, around));
  }

  private binary(operator: Operator, left: Compiled, right: Compiled): Compiled {
    const logical = logic[operator];
    if (logical !== undefined) return logical(left, right);
    const combine = operators[operator];
    if (combine === undefined) throw new Error(`${operator} is not covered`);
    return (focus, around) => combine(left(focus, around), right(focus, around));
  }
}

function variable(name: string): Compiled {
  switch (name) {
    case 'resource':
      return (_, { resource }) => [resource];
    case 'rootResource':
      return (_, { root }) => [root];
    case 'context':
      return (_, { context }) => [context];
    case 'ucum':
      return () => ucum;
    default:
      throw new Error(`%${name} is not covered`);
  }
}

type Truth = boolean | undefined;

/** The operators of truths; the right one is looked at only when it counts. https://hl7.org/fhirpath/N1/#boolean-logic */
const logic: Partial<Record<Operator, (left: Compiled, right: Compiled) => Compiled>> = {
  and: (left, right) => (focus, around) => {
    const first = truthOf(left(focus, around));
    if (first === false) return truth(false);
    const second = truthOf(right(focus, around));
    return truth(second === false ? false : first === true && second === true ? true : undefined);
  },
  or: (left, right) => (focus, around) => {
    const first = truthOf(left(focus, around));
    if (first === true) return truth(true);
    const second = truthOf(right(focus, around));
    return truth(second === true ? true : first === false && second === false ? false : undefined);
  },
  xor: (left, right) => (focus, around) => {
    const [first, second] = [truthOf(left(focus, around)), truthOf(right(focus, around))];
    return truth(first === undefined || second === undefined ? undefined : first !== second);
  },
  implies: (left, right) => (focus, around) => {
    const first = truthOf(left(focus, around));
    if (first === false) return truth(true);
    const second = truthOf(right(focus, around));
    return truth(second === true ? true : first === true ? second : undefined);
  },
};

/** Equality of collections: in order, item by item; nothing is equal to nothing known. https://hl7.org/fhirpath/N1/#equals */
function equal(left: Collection, right: Collection): Truth {
  if (left.length === 0 || right.length === 0) return undefined;
  if (left.length !== right.length) return false;
  let all: Truth = true;
  for (const [place, item] of left.entries()) {
    const other = right[place];
    const same = other === undefined ? false : equalNodes(item, other);
    if (same === false) return false;
    if (same === undefined) all = undefined;
  }
  return all;
}

const compared =
  (holds: (order: number) => boolean) =>
  (left: Collection, right: Collection): Collection => {
    const [a, b] = [single(left), single(right)];
    const order = a === undefined || b === undefined ? undefined : orderOf(a, b);
    return truth(order === undefined ? undefined : holds(order));
  };

const numberOf = (collection: Collection): number | undefined => {
  const item = single(collection);
  if (item?.value === undefined) return undefined;
  const value = decimalNumber(item.value);
  if (value === undefined) throw new EvaluationError(`a ${item.type} is no number`);
  return value;
};

const textOf = (collection: Collection): string | undefined => {
  const item = single(collection);
  return typeof item?.value === 'string' ? item.value : decimalText(item?.value);
};

const computed =
  (compute: (left: number, right: number) => number) =>
  (left: Collection, right: Collection): Collection => {
    const [a, b] = [numberOf(left), numberOf(right)];
    return a === undefined || b === undefined ? nothing : [{ type: 'System.Decimal', value: compute(a, b) }];
  };

/** The longest text that joining may make: one that is joined to itself again and again doubles each time. */
const longestText = 10_000_000;

function joined(left: string, right: string): Collection {
  if (left.length + right.length > longestText) throw new TooManySteps('it makes too long a text');
  return [{ type: 'System.String', value: left + right }];
}

const negated = (value: Truth): Truth => (value === undefined ? undefined : !value);

const operators: Partial<Record<Operator, (left: Collection, right: Collection) => Collection>> = {
  '|': (left, right) => distinct([...left, ...right]),
  '=': (left, right) => truth(equal(left, right)),
  '!=': (left, right) => truth(negated(equal(left, right))),
  '<': compared((order) => order < 0),
  '<=': compared((order) => order <= 0),
  '>': compared((order) => order > 0),
  '>=': compared((order) => order >= 0),
  in(left, right) {
    const item = single(left);
    return truth(item === undefined ? undefined : membership(right)(item));
  },
  contains(left, right) {
    const item = single(right);
    return truth(item === undefined ? undefined : membership(left)(item));
  },
  '&': (left, right) => joined(textOf(left) ?? '', textOf(right) ?? ''),
  '+'(left, right) {
    const [a, b] = [single(left), single(right)];
    if (a === undefined || b === undefined) return nothing;
    if (typeof a.value !== 'string' || typeof b.value !== 'string') return computed((x, y) => x + y)(left, right);
    return joined(a.value, b.value);
  },
  '-': computed((x, y) => x - y),
  '*': computed((x, y) => x * y),
};
