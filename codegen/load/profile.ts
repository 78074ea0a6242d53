import type { ProfileSource, Structure } from '../definitions.js';
import { child, children, requiredText, text, texts, type DefinitionNode } from './node.js';

type JsonObject = Record<string, unknown>;

/** The texts that are there, of those named. */
const textsIn = (node: DefinitionNode, names: readonly string[]): JsonObject =>
  Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = text(node, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );

const list = (name: string, items: readonly unknown[]): JsonObject => (items.length === 0 ? {} : { [name]: items });

const fixedName = /^(?:fixed|pattern)([A-Z]\w*)$/;

/** The JSON of a fixed value or a pattern. Throws for a type that no profile of the definitions had so far. */
function valueOf(node: DefinitionNode, type: string): unknown {
  const { value } = node;
  switch (type) {
    case 'Uri':
    case 'Code':
    case 'String':
      return value;
    case 'Boolean':
      return value === 'true';
    case 'Quantity': {
      const number = text(node, 'value');
      const others = textsIn(node, ['comparator', 'unit', 'system', 'code']);
      return { ...(number === undefined ? {} : { value: Number(number) }), ...others };
    }
    case 'CodeableConcept': {
      const coding = children(node, 'coding').map((each) => textsIn(each, ['system', 'version', 'code', 'display']));
      return { ...list('coding', coding), ...textsIn(node, ['text']) };
    }
    default:
      throw new Error(`A profile has a ${node.name}, which is not read yet`);
  }
}

function bindingOf(binding: DefinitionNode): JsonObject {
  const reference = text(child(binding, 'valueSetReference'), 'reference');
  const valueSet = text(binding, 'valueSet') ?? text(binding, 'valueSetUri') ?? reference;
  return { ...textsIn(binding, ['strength']), ...(valueSet === undefined ? {} : { valueSet }) };
}

const slicingOf = (slicing: DefinitionNode): JsonObject => ({
  ...list(
    'discriminator',
    children(slicing, 'discriminator').map((each) => textsIn(each, ['type', 'path'])),
  ),
  ...(text(slicing, 'ordered') === 'true' ? { ordered: true } : {}),
  ...textsIn(slicing, ['rules']),
});

/** The elements that may have several types, by the path that names one of these: `Observation.valueQuantity`. */
type Choices = ReadonlyMap<string, { readonly name: string; readonly type: string }>;

/** The choices of the base types. */
export const choicesOf = (structures: readonly Structure[]): Choices =>
  new Map(
    structures
      .flatMap(({ elements }) => elements)
      .filter(({ path }) => path.endsWith('[x]'))
      .flatMap(({ path, types }) =>
        types.map(({ code }) => {
          const named = `${path.slice(0, -'[x]'.length)}${code.charAt(0).toUpperCase()}${code.slice(1)}`;
          return [named, { name: path.slice(path.lastIndexOf('.') + 1), type: code }] as const;
        }),
      ),
  );

/** An id or a path with `value[x]` in place of `valueQuantity`, and the type that was named at its end. */
function withChoices(text: string, choices: Choices): { readonly text: string; readonly type?: string } {
  let path = '';
  let type: string | undefined;
  const segments = text.split('.').map((segment) => {
    const [name = '', ...slice] = segment.split(':');
    const choice = choices.get(`${path}.${name}`);
    path = path === '' ? name : `${path}.${choice?.name ?? name}`;
    type = choice?.type;
    return [choice?.name ?? name, ...slice].join(':');
  });
  return { text: segments.join('.'), ...(type === undefined ? {} : { type }) };
}

/** What of an ElementDefinition checks something. */
function elementOf(element: DefinitionNode, choices: Choices): JsonObject {
  const path = withChoices(requiredText(element, 'path'), choices);
  const id = withChoices(element.attributes['id'] ?? path.text, choices).text;
  const min = text(element, 'min');
  const binding = child(element, 'binding');
  const slicing = child(element, 'slicing');
  const types = children(element, 'type').map((type) => ({
    ...textsIn(type, ['code']),
    ...list('profile', texts(type, 'profile')),
    ...list('targetProfile', texts(type, 'targetProfile')),
  }));
  return {
    id,
    path: path.text,
    ...textsIn(element, ['sliceName', 'max']),
    ...(min === undefined ? {} : { min: Number(min) }),
    ...list('type', types.length === 0 && path.type !== undefined ? [{ code: path.type }] : types),
    ...Object.fromEntries(
      element.children.flatMap((each): [string, unknown][] => {
        const [, type] = fixedName.exec(each.name) ?? [];
        return type === undefined ? [] : [[each.name, valueOf(each, type)]];
      }),
    ),
    ...(binding === undefined ? {} : { binding: bindingOf(binding) }),
    ...(slicing === undefined ? {} : { slicing: slicingOf(slicing) }),
    ...list(
      'constraint',
      children(element, 'constraint').map((each) => textsIn(each, ['key', 'severity', 'human', 'expression'])),
    ),
  };
}

/**
 * Reads a StructureDefinition.
 * @param choices of the base types.
 * @returns the profile of a resource type it defines, as far as it checks something; undefined for anything else.
 */
export function profileOf(structure: DefinitionNode, choices: Choices): ProfileSource | undefined {
  if (text(structure, 'derivation') !== 'constraint' || text(structure, 'kind') !== 'resource') return undefined;
  return {
    url: requiredText(structure, 'url'),
    type: requiredText(structure, 'type'),
    baseDefinition: requiredText(structure, 'baseDefinition'),
    differential: {
      element: children(child(structure, 'differential'), 'element').map((element) => elementOf(element, choices)),
    },
  };
}
