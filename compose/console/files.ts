const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  woff2: 'font/woff2',
  svg: 'image/svg+xml',
  graphql: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** What a file of the console is served as; undefined for what is none. @param name without a folder. */
export const consoleFileType = (name: string): string | undefined =>
  /^[\w.-]+$/.test(name) ? types[name.slice(name.lastIndexOf('.') + 1)] : undefined;

/** The console's files have a digest of their content in their names. */
export const keptForLong = 'public, max-age=31536000, immutable';
