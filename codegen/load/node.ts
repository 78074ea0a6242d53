/** A FHIR element of a definition, the same whether it was written in XML or in JSON. */
export interface DefinitionNode {
  /** The XML name; for a resource its type. */
  readonly name: string;
  /** The value of a primitive, as text. */
  readonly value?: string;
  /** The `url` of an extension, the `id` of an element. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly DefinitionNode[];
}

const fromJsonValue = (name: string, value: unknown, sibling?: unknown): DefinitionNode => {
  const members = { ...(typeof value === 'object' ? value : {}), ...(typeof sibling === 'object' ? sibling : {}) };
  const { url, id, ...others } = members as Record<string, unknown>;
  return {
    name,
    ...(typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? { value: String(value) }
      : {}),
    attributes: {
      ...(typeof url === 'string' ? { url } : {}),
      ...(typeof id === 'string' ? { id } : {}),
    },
    children: fromJsonMembers({
      ...others,
      ...(url === undefined ? {} : { url }),
      ...(id === undefined ? {} : { id }),
    }),
  };
};

const fromJsonMembers = (members: Record<string, unknown>): DefinitionNode[] =>
  Object.entries(members).flatMap(([name, value]) => {
    if (name === 'resourceType' || name.startsWith('_')) return [];
    const siblings = members[`_${name}`];
    return Array.isArray(value)
      ? value.map((each, index) => fromJsonValue(name, each, Array.isArray(siblings) ? siblings[index] : undefined))
      : [fromJsonValue(name, value, siblings)];
  });

const fromJsonResource = (resource: Record<string, unknown>): DefinitionNode => ({
  ...fromJsonValue(String(resource['resourceType']), resource),
});

/**
 * Reads the resources of a Bundle in JSON.
 * @param json the text of the file.
 * @returns one node per resource, in the file's order.
 */
export function resourcesOfJson(json: string): DefinitionNode[] {
  const { entry } = JSON.parse(json) as { entry: { resource: Record<string, unknown> }[] };
  return entry.map(({ resource }) => fromJsonResource(resource));
}

/** The children of a name, in order. */
export const children = (node: DefinitionNode | undefined, name: string): DefinitionNode[] =>
  node?.children.filter((child) => child.name === name) ?? [];

/** The first child of a name. */
export const child = (node: DefinitionNode | undefined, name: string): DefinitionNode | undefined =>
  node?.children.find((each) => each.name === name);

/** The value of the first child of a name. */
export const text = (node: DefinitionNode | undefined, name: string): string | undefined => child(node, name)?.value;

/** The value of a child that must be there. */
export const requiredText = (node: DefinitionNode, name: string): string => {
  const value = text(node, name);
  if (value === undefined) throw new Error(`A ${node.name} has no ${name}`);
  return value;
};

/** The values of the children of a name. */
export const texts = (node: DefinitionNode | undefined, name: string): string[] =>
  children(node, name).flatMap(({ value }) => (value === undefined ? [] : [value]));

/** The value[x] of the extension whose URL ends with `/name`. */
export const extensionValue = (node: DefinitionNode | undefined, name: string): string | undefined =>
  children(node, 'extension')
    .find(({ attributes }) => attributes['url']?.endsWith(`/${name}`) === true)
    ?.children.find((each) => each.name.startsWith('value'))?.value;
