/**
 * Splits a search value at a character that is not escaped; the parts keep their escapes.
 * @see https://hl7.org/fhir/R4/search.html#escaping
 */
export function splitEscaped(text: string, at: string): string[] {
  if (!text.includes('\\')) return text.split(at);
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === at) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The text without its escapes: `\,` `\|` `\$` `\\`; any other backslash is itself. */
export const unescaped = (text: string): string => (text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text);

/** The text with escapes, as it may stand in a query. */
export const escapedValue = (text: string): string => text.replace(/[,|$\\]/g, '\\$&');
