import { parseXml, XmlCdata, XmlElement, XmlText } from '@rgrove/parse-xml';

/**
 * `util.xml`. https://docs.aws.amazon.com/appsync/latest/devguide/xml-helpers-in-utils-xml-js.html
 * The form of the result is that of Java's org.json, as in AWS's example: an element is a member, one that repeats a
 * list, attributes are members beside the elements, text beside them is `content`, and numbers are numbers.
 */

/** A text as the value it looks like. */
function valueOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

function add(to: Record<string, unknown>, name: string, value: unknown): void {
  if (!Object.hasOwn(to, name)) to[name] = value;
  else if (Array.isArray(to[name])) to[name].push(value);
  else to[name] = [to[name], value];
}

function elementValue(element: XmlElement): unknown {
  const members = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(element.attributes)) add(members, name, valueOf(value));
  let text = '';
  for (const child of element.children) {
    if (child instanceof XmlElement) add(members, child.name, elementValue(child));
    else if (child instanceof XmlText || child instanceof XmlCdata) text += child.text;
  }
  const trimmed = text.trim();
  if (Object.keys(members).length === 0) return trimmed === '' ? '' : valueOf(trimmed);
  if (trimmed !== '') add(members, 'content', valueOf(trimmed));
  return members;
}

/** The object an XML text says; null for no text. @throws XmlError for a text that is no XML. */
export function toMap(xml: string | null): Readonly<Record<string, unknown>> | null {
  if (xml === null) return null;
  const { root } = parseXml(xml);
  return root === null ? null : { [root.name]: elementValue(root) };
}

/**
 * The JSON text of what an XML text says.
 * @param stringEncode whether the JSON is itself encoded as a JSON string.
 */
export function toJsonString(xml: string, stringEncode = false): string {
  const json = JSON.stringify(toMap(xml));
  return stringEncode ? JSON.stringify(json) : json;
}
