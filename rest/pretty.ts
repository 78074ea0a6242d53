/**
 * The same JSON text with line breaks and two spaces of indentation. Works on the text, so every digit stays.
 * @param json valid JSON without white space between its parts.
 */
export function prettyJson(json: string): string {
  const parts: string[] = [];
  let indent = '\n';
  // A string, an opening with its closing when nothing is inside, one punctuation mark, or a run of anything else.
  for (const [part] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (part === '{' || part === '[') {
      indent += '  ';
      parts.push(part, indent);
    } else if (part === '}' || part === ']') {
      indent = indent.slice(0, -2);
      parts.push(indent, part);
    } else if (part === ',') parts.push(part, indent);
    else if (part === ':') parts.push(': ');
    else parts.push(part);
  }
  return parts.join('');
}
