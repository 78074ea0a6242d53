/** A pattern that cannot be read; the message says where it differs from what Java and JavaScript share. */
export class PatternError extends Error {
  override readonly name = 'PatternSyntaxException';
}

const compiled = new Map<string, RegExp>();

/**
 * Translates a pattern of Java's java.util.regex to a RegExp: the constructs both languages write alike, and Java's flags
 * in front, `(?i)`. Possessive quantifiers, atomic groups, `\Q…\E` and `\p{javaLowerCase}` are refused.
 * @param pattern the text of the pattern.
 * @param flags further RegExp flags.
 * @returns the RegExp, from a small cache.
 * @throws PatternError
 * @see https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html
 */
export function javaPattern(pattern: string, flags = ''): RegExp {
  const key = `${flags}/${pattern}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const [, inline = '', rest = pattern] = /^\(\?([ims]+)\)([\s\S]*)$/.exec(pattern) ?? [];
  if (/(?:^|[^\\])(?:\\\\)*(?:[*+?}]\+|\(\?>|\\[QEGZz])/.test(rest))
    throw new PatternError(`${pattern} uses what only Java's patterns have`);
  let expression: RegExp;
  try {
    expression = new RegExp(rest.replaceAll('\\A', '^').replaceAll('\\h', '[ \\t\\u00a0]'), flags + inline);
  } catch (error) {
    throw new PatternError(error instanceof Error ? error.message : String(error));
  }
  if (compiled.size >= 500) compiled.clear();
  compiled.set(key, expression);
  return expression;
}

/**
 * String's `replace` and `replaceAll` of APPSYNC_JS, whose first argument is a Java pattern and whose replacement is Java's:
 * `$1` is a group, `\$` a dollar sign.
 * @param method which of the two.
 * @returns the text with the first, or every, match replaced.
 */
export function replaceJavaPattern(method: string, text: string, pattern: string, replacement: string): string {
  const template = replacement.replaceAll(/\\(.)|\$(?!\d)/g, (all: string, escaped?: string) =>
    escaped === undefined ? '$$' : escaped === '$' ? '$$' : escaped,
  );
  return text.replace(javaPattern(pattern, method === 'replaceAll' ? 'g' : ''), template);
}
