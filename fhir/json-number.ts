const [zero, one, nine] = [0x30, 0x31, 0x39];

/**
 * Where a number of JSON ends, however many digits it has: a pattern keeps a place for each digit and runs out of stack
 * after some millions. https://www.rfc-editor.org/rfc/rfc8259#section-6
 * @param at where it begins.
 * @returns the place behind it; -1 where none begins.
 */
export function endOfNumber(text: string, at: number): number {
  const first = text[at] === '-' ? at + 1 : at;
  const code = text.charCodeAt(first);
  if (!(code >= zero && code <= nine)) return -1;
  let end = code >= one ? behindDigits(text, first) : first + 1;
  if (text[end] === '.') end = behindDigits(text, end + 1, end);
  if (text[end] === 'e' || text[end] === 'E') {
    const isSigned = text[end + 1] === '-' || text[end + 1] === '+';
    end = behindDigits(text, end + (isSigned ? 2 : 1), end);
  }
  return end;
}

/** The place behind the digits that begin at one, `otherwise` where there is none. */
function behindDigits(text: string, at: number, otherwise = at): number {
  let end = at;
  for (let code = text.charCodeAt(end); code >= zero && code <= nine; code = text.charCodeAt(end)) end += 1;
  return end === at ? otherwise : end;
}
