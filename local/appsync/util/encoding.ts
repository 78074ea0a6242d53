/**
 * The functions of https://docs.aws.amazon.com/appsync/latest/devguide/built-in-util-js.html that encode; all in UTF-8.
 */

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "'": "\\'",
  '/': '\\/',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Escapes a text for a JavaScript string literal, other control and non-ASCII characters as `\uXXXX`. */
export const escapeJavaScript = (value: string): string =>
  value.replaceAll(
    /["'/\\]|[^\x20-\x7e]/g,
    (one) => escapes[one] ?? `\\u${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );

/** Encodes as application/x-www-form-urlencoded: a blank becomes `+`. */
export const urlEncode = (value: string): string => new URLSearchParams([['', value]]).toString().slice(1);

/** Decodes application/x-www-form-urlencoded. */
export const urlDecode = (value: string): string => decodeURIComponent(value.replaceAll('+', ' '));

/** Base64 of the text's UTF-8. */
export const base64Encode = (value: string): string => Buffer.from(value, 'utf8').toString('base64');

/** The text whose UTF-8 is given in Base64. */
export const base64Decode = (value: string): string => Buffer.from(value, 'base64').toString('utf8');
