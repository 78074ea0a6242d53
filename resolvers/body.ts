const numberStart = '-0123456789';
const numberPart = '+-.eE0123456789';

/** A number of the JSON text; one that JavaScript would write differently as a string, which keeps its digits. */
function numberText(token: string): string {
  const exact =
    token.length < 16 && token !== '-0' && !token.includes('.') && !token.includes('e') && !token.includes('E');
  return exact ? token : `"${token}"`;
}

/** JSON text between two strings, with its decimals quoted. */
function withQuotedDecimals(text: string): string {
  let quoted = '';
  let token = '';
  for (const char of text.split('')) {
    if (token === '' ? numberStart.includes(char) : numberPart.includes(char)) {
      token += char;
    } else {
      quoted += token === '' ? char : numberText(token) + char;
      token = '';
    }
  }
  return token === '' ? quoted : quoted + numberText(token);
}

/** Whether a piece of a string, which a quote follows, ends with an odd number of backslashes: the quote is not its end. */
function escapesNext(piece: string): boolean {
  let escapes = false;
  let trailing = true;
  for (const char of piece.split('').reverse()) {
    trailing = trailing && char === '\\';
    if (trailing) escapes = !escapes;
  }
  return escapes;
}

/**
 * Parses a resource's JSON text. Decimals become strings, as the schema has them: `1.00` stays `1.00`.
 * @param text a valid JSON text, as the store wrote it.
 * @returns the resource as an object; integers stay numbers.
 */
export function parseBody(text: string): Record<string, unknown> {
  const pieces: string[] = [];
  let inString = false;
  for (const piece of text.split('"')) {
    if (inString) {
      pieces.push(piece);
      inString = piece.endsWith('\\') && escapesNext(piece);
    } else {
      pieces.push(piece.length > 1 ? withQuotedDecimals(piece) : piece);
      inString = true;
    }
  }
  return JSON.parse(pieces.join('"')) as Record<string, unknown>;
}
