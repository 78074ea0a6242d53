const numberStart = '-0123456789';

/** A number of the JSON text; one that JavaScript would write differently as a string, which keeps its digits. */
function numberText(token: string): string {
  const exact =
    token.length < 16 && token !== '-0' && !token.includes('.') && !token.includes('e') && !token.includes('E');
  return exact ? token : `"${token}"`;
}

/** `:1.50},` becomes `:"1.50"},`: a number is followed by the next member or by the end of its object. */
function withQuotedDecimal(piece: string): string {
  const comma = piece.indexOf(',');
  const brace = piece.indexOf('}');
  const end = brace === -1 || (comma !== -1 && comma < brace) ? comma : brace;
  return `:${numberText(piece.slice(1, end))}${piece.slice(end)}`;
}

/** `:[1.50,null],` becomes `:["1.50",null],`. */
function withQuotedDecimals(piece: string): string {
  const end = piece.indexOf(']');
  const quoted: string[] = [];
  for (const token of piece.slice(2, end).split(',')) quoted.push(numberText(token));
  return `:[${quoted.join(',')}${piece.slice(end)}`;
}

/** JSON text between two strings, with the decimals in it quoted. */
function betweenStrings(piece: string): string {
  if (piece.length < 3 || !piece.startsWith(':')) return piece;
  if (numberStart.includes(piece.slice(1, 2))) return withQuotedDecimal(piece);
  const isList = piece.startsWith(':[') && (numberStart.includes(piece.slice(2, 3)) || piece.startsWith(':[null,'));
  return isList && piece.includes(']') ? withQuotedDecimals(piece) : piece;
}

/** Whether a piece of a string, which a quote follows, ends with an odd number of backslashes: the quote is not its end. */
function escapesNext(piece: string): boolean {
  let escapes = false;
  let isTrailing = true;
  for (const char of piece.split('').reverse()) {
    isTrailing = isTrailing && char === '\\';
    if (isTrailing) escapes = !escapes;
  }
  return escapes;
}

/**
 * Parses a resource's JSON text. Decimals become strings, as the schema has them: `1.00` stays `1.00`.
 * @param text a resource's JSON as the store writes it, without white space.
 * @returns the resource as an object; integers stay numbers. A round per string of the text.
 */
export function parseBody(text: string): Record<string, unknown> {
  const pieces: string[] = [];
  let inString = false;
  for (const piece of text.split('"')) {
    if (inString) {
      pieces.push(piece);
      inString = piece.endsWith('\\') && escapesNext(piece);
    } else {
      pieces.push(betweenStrings(piece));
      inString = true;
    }
  }
  return JSON.parse(pieces.join('"')) as Record<string, unknown>;
}
