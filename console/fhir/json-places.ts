import { jsonLanguage } from '@codemirror/lang-json';
import type { SyntaxNode } from '@lezer/common';

/** A stretch of a text, in characters from its beginning. */
export interface TextRange {
  readonly from: number;
  readonly to: number;
}

/** The names and places of a FHIRPath that the server names an element by: `Patient.name[0].given`. */
function stepsOf(path: string): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  for (const [, name, call, place] of path.matchAll(/([A-Za-z_]\w*)(\()?|\[(\d+)\]/g)) {
    if (place !== undefined) steps.push(Number(place));
    else if (name !== undefined && call === undefined && name !== 'as') steps.push(name);
  }
  return /^[A-Z]/.test(path) ? steps.slice(1) : steps;
}

/**
 * Where in the text of a resource an element stands, as far as the path can be followed.
 * @param text JSON, which may be broken somewhere.
 * @param path FHIRPath as OperationOutcomes have it; undefined is the whole resource.
 */
export function placeIn(text: string, path: string | undefined): TextRange {
  const tree = jsonLanguage.parser.parse(text);
  let node: SyntaxNode | null = tree.topNode.firstChild;
  let found: TextRange = { from: 0, to: Math.min(1, text.length) };
  for (const step of stepsOf(path ?? '')) {
    if (typeof step === 'string') {
      while (node?.name === 'Array') node = valuesOf(node)[0] ?? null;
      const property = node === null ? undefined : propertyOf(text, node, step);
      if (property === undefined) break;
      const name = property.getChild('PropertyName');
      if (name !== null) found = { from: name.from, to: name.to };
      node = property.lastChild;
    } else if (node?.name === 'Array') {
      const item = valuesOf(node)[step];
      if (item === undefined) break;
      found = {
        from: item.from,
        to: Math.min(item.to, text.indexOf('\n', item.from) < 0 ? item.to : text.indexOf('\n', item.from)),
      };
      node = item;
    }
  }
  return found;
}

/** The items of an array, its punctuation left out. */
function valuesOf(array: SyntaxNode): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = array.firstChild; child !== null; child = child.nextSibling)
    if (/^[A-Z]\w+$/.test(child.name)) found.push(child);
  return found;
}

/** The member of an object by name, or the one that a choice of types is: `value` finds `valueQuantity`. */
function propertyOf(text: string, object: SyntaxNode, name: string): SyntaxNode | undefined {
  const properties = object.getChildren('Property');
  const nameOf = (property: SyntaxNode): string => {
    const child = property.getChild('PropertyName');
    return child === null ? '' : text.slice(child.from + 1, child.to - 1);
  };
  return (
    properties.find((property) => nameOf(property) === name) ??
    properties.find(
      (property) => nameOf(property).startsWith(name) && /^[A-Z]/.test(nameOf(property).slice(name.length)),
    )
  );
}
