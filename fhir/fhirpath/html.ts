import { parseXml, XmlElement, XmlText } from '@rgrove/parse-xml';

/** The elements narrative may have: HTML 4.0, chapters 7 to 11 (but section 4 of 9) and 15, `a`, images. */
const elements: ReadonlySet<string> = new Set(
  (
    'div a abbr acronym address b big blockquote br caption cite code col colgroup dd dfn dl dt em h1 h2 h3 h4 h5 h6 ' +
    'hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var bdo del ins kbd ' +
    'map area center font s strike u'
  ).split(' '),
);

/** The attributes narrative may have. */
const attributes: ReadonlySet<string> = new Set(
  (
    'xmlns title style class id lang xml:lang dir accesskey tabindex span width align valign char charoff abbr axis ' +
    'headers scope rowspan colspan type href name target src alt height usemap ismap border summary cellpadding ' +
    'cellspacing frame rules clear size noshade compact start value cite datetime hspace vspace longdesc nowrap ' +
    'bgcolor color face shape coords nohref charset hreflang rel rev data-hl7'
  ).split(' '),
);

const runsScript = /^\s*(?:javascript|vbscript|data\s*:\s*text\/html)/i;

const parsed = (div: string): XmlElement | undefined => {
  try {
    return parseXml(div).root ?? undefined;
  } catch {
    return undefined;
  }
};

/**
 * The rule txt-1 of narrative: well-formed XHTML, of elements and attributes that only format.
 * https://hl7.org/fhir/R4/narrative.html#xhtml
 * @param div the text of `Narrative.div`.
 */
export function onlyFormats(div: string): boolean {
  const root = parsed(div);
  return root?.name === 'div' && isAllowed(root);
}

/** The rule txt-2 of narrative: there is something to see. What is not well-formed breaks txt-1 instead. */
export function showsSomething(div: string): boolean {
  const root = parsed(div);
  return root === undefined || hasContent(root);
}

function isAllowed(element: XmlElement): boolean {
  if (!elements.has(element.name)) return false;
  for (const [name, value] of Object.entries(element.attributes)) {
    if (!attributes.has(name) && !name.startsWith('xmlns:')) return false;
    if ((name === 'href' || name === 'src') && runsScript.test(value)) return false;
  }
  return element.children.every((child) => !(child instanceof XmlElement) || isAllowed(child));
}

const hasContent = (element: XmlElement): boolean =>
  element.children.some((child) =>
    child instanceof XmlElement
      ? child.name === 'img' || hasContent(child)
      : child instanceof XmlText && child.text.trim() !== '',
  );
