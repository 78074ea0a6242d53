import { parseXml, XmlElement, XmlText } from '@rgrove/parse-xml';
import { Decimal } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import type { StructureTable } from '../../fhir/structure.js';

/** The elements inside an element, without text and comments. */
export const elementsOf = (element: XmlElement): readonly XmlElement[] =>
  element.children.filter((child) => child instanceof XmlElement);

/** Reads XML text. */
export function rootOf(xml: string): XmlElement {
  const { root } = parseXml(xml);
  if (root === null) throw new Error('The XML has no root');
  return root;
}

/** Turns a resource in XML into its JSON form, as far as test cases need it. https://hl7.org/fhir/R4/json.html */
export const resourceOfXml = (structures: StructureTable, element: XmlElement): Resource => ({
  resourceType: element.name,
  ...objectOf(structures, element.name, element),
});

function objectOf(structures: StructureTable, type: string, element: XmlElement): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const { id, url } = element.attributes;
  if (id !== undefined) object['id'] = id;
  if (url !== undefined) object['url'] = url;
  for (const child of elementsOf(element)) {
    const member = structures.members(type).get(child.name);
    if (member === undefined) throw new Error(`${child.name} is no element of ${type}`);
    const repeats = member.rule.max !== 1;
    if (member.isPrimitive) {
      const { value: text, ...besides } = child.attributes;
      const value = member.type === 'xhtml' ? xmlText(child) : text === undefined ? null : primitive(member.type, text);
      const extension =
        member.type === 'xhtml' ? [] : elementsOf(child).map((each) => objectOf(structures, 'Extension', each));
      const hasSibling = member.type !== 'xhtml' && (extension.length > 0 || besides['id'] !== undefined);
      const sibling = hasSibling ? { ...besides, ...(extension.length > 0 ? { extension } : {}) } : null;
      put(object, child.name, value, repeats);
      if (sibling !== null) put(object, `_${child.name}`, sibling, repeats);
    } else if (member.type === 'Resource') {
      const [inside] = elementsOf(child);
      if (inside !== undefined) put(object, child.name, resourceOfXml(structures, inside), repeats);
    } else put(object, child.name, objectOf(structures, member.type, child), repeats);
  }
  return object;
}

function put(object: Record<string, unknown>, name: string, value: unknown, repeats: boolean): void {
  if (repeats) object[name] = [...((object[name] as unknown[] | undefined) ?? []), value];
  else if (value !== null) object[name] = value;
}

function primitive(type: string, text: string): unknown {
  if (type === 'boolean') return text === 'true';
  if (type === 'decimal') return new Decimal(text);
  return ['integer', 'positiveInt', 'unsignedInt'].includes(type) ? Number(text) : text;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The XML of an element again, white space as one blank: comparing narrative needs no more. */
function xmlText(element: XmlElement): string {
  const attributes = Object.entries(element.attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  const inside = element.children.map((child) =>
    child instanceof XmlElement ? xmlText(child) : child instanceof XmlText ? escaped(child.text) : '',
  );
  return `<${element.name}${attributes.join('')}>${inside.join('')}</${element.name}>`;
}
