import type { Model } from 'fhirpath';
import type { Resource } from '../resource.js';
import type { FhirVersion } from '../version.js';
import { clipped, PatchFault } from './patch-fault.js';

/** One step from an element to an element inside it: `name` as FHIRPath has it (`value`, not `valueQuantity`). */
export interface Step {
  readonly name: string;
  readonly index?: number;
}

/** Selects elements of a resource: for each, the steps from the resource to it, none for the resource itself. */
export type SelectElements = (resource: Resource, path: string) => readonly (readonly Step[])[];

/** What a fhirpath.js node tells of its place; a computed value has none of it. */
interface PlacedNode {
  readonly parentResNode?: PlacedNode | null;
  readonly propName?: string | null;
  readonly index?: number | null;
}

interface SyntaxNode {
  readonly type: string;
  readonly text?: string;
  readonly children?: readonly SyntaxNode[];
}

/** Longer paths are refused; so deep they could overflow the stack of the parser. */
const longestPath = 1000;

/** Texts, and `.div`: a word of FHIRPath's own that is also an element of Narrative, and that no one quotes there. */
const texts = /'(?:\\.|[^'\\])*'|`[^`]*`|\.div\b/g;

/**
 * What a path may call: what tells elements apart in time that grows with the resource only. `resolve()` and the
 * like would leave it, `repeat()` may not end, `matches()` takes patterns that take for ever.
 */
const functions = new Set(
  (
    'where first last tail skip take single ofType as is extension exists empty not all count hasValue ' +
    'startsWith endsWith contains lower upper length toString trim'
  ).split(' '),
);

/**
 * A selection of elements by FHIRPath. The library is loaded when it is first asked for.
 * @returns throws PatchFault for a path that cannot be read or evaluated, or that selects a value which is no element.
 */
export async function elementSelector(version: FhirVersion): Promise<SelectElements> {
  const [{ default: fhirpath }, model] = await Promise.all([import('fhirpath'), models[version]()]);
  return (resource, given) => {
    const faulty = `the path "${clipped(given)}"`;
    if (given.length > longestPath) throw new PatchFault(`${faulty} is longer than ${String(longestPath)} characters`);
    const path = given.replace(texts, (part) => (part === '.div' ? '.`div`' : part));
    requireSelection(faulty, parsed(fhirpath, faulty, path));
    // A copy, since the library marks what it has seen; decimals as numbers, since only places come back.
    const copy: unknown = JSON.parse(JSON.stringify(resource));
    let nodes: readonly PlacedNode[];
    try {
      nodes = fhirpath.evaluate(copy, path, {}, model, { resolveInternalTypes: false, async: false }) as PlacedNode[];
    } catch {
      throw new PatchFault(`${faulty} cannot be evaluated on this resource`);
    }
    return nodes.map((node) => stepsTo(node, faulty));
  };
}

const models: Readonly<Record<FhirVersion, () => Promise<Model>>> = {
  r4: async () => (await import('fhirpath/fhir-context/r4/index.js')).default as Model,
  stu3: async () => (await import('fhirpath/fhir-context/stu3/index.js')).default,
};

function parsed(fhirpath: { parse(path: string): unknown }, faulty: string, path: string): SyntaxNode {
  try {
    return fhirpath.parse(path) as SyntaxNode;
  } catch (error) {
    throw new PatchFault(`${faulty} is no FHIRPath: ${clipped(error instanceof Error ? error.message : '')}`);
  }
}

function requireSelection(faulty: string, { type, text = '', children = [] }: SyntaxNode): void {
  if (type === 'Functn' && !functions.has(text)) {
    throw new PatchFault(`${faulty} calls ${clipped(text)}(), which a patch may not`);
  }
  if (type === 'ExternalConstant' || type === 'ExternalConstantTerm' || type === 'UnionExpression') {
    throw new PatchFault(`${faulty} holds a variable or a union, which a patch may not`);
  }
  for (const child of children) requireSelection(faulty, child);
}

function stepsTo(node: PlacedNode, faulty: string): readonly Step[] {
  const steps: Step[] = [];
  for (let at = node; at.parentResNode; at = at.parentResNode) {
    if (typeof at.propName !== 'string') throw new PatchFault(`${faulty} selects a value that is no element`);
    steps.unshift({ name: at.propName, ...(typeof at.index === 'number' ? { index: at.index } : {}) });
  }
  if (steps.length === 0 && node.parentResNode !== null) {
    throw new PatchFault(`${faulty} selects a value that is no element`);
  }
  return steps;
}
