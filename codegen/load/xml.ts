import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { children, type DefinitionNode } from './node.js';

/** What the generators never read; left out before parsing, as it is most of the text. */
const unread = {
  /** Of profiles what they add to the types they constrain is read. */
  differential: /<(text|snapshot|mapping)>[\s\S]*?<\/\1>/g,
  /** Of types all of it. */
  snapshot: /<(text|differential|mapping)>[\s\S]*?<\/\1>/g,
};

const fromXmlElement = (element: XmlElement): DefinitionNode => {
  const { value, ...attributes } = element.attributes;
  return {
    name: element.name,
    ...(value === undefined ? {} : { value }),
    attributes,
    children: element.children.filter((child) => child instanceof XmlElement).map(fromXmlElement),
  };
};

/**
 * Reads the resources of a Bundle in XML.
 * @param xml the text of the file.
 * @param elements which of a StructureDefinition's two lists of elements is read.
 * @returns one node per resource, in the file's order; narratives, mappings and the other list left out.
 * @throws when the text is no well-formed XML.
 */
export function resourcesOfXml(xml: string, elements: keyof typeof unread = 'snapshot'): DefinitionNode[] {
  const bundle = parseXml(xml.replace(unread[elements], '')).root;
  if (bundle?.name !== 'Bundle') throw new Error('The XML file holds no Bundle');
  return children(fromXmlElement(bundle), 'entry').flatMap((entry) =>
    children(entry, 'resource').flatMap((r) => r.children),
  );
}
