/**
 * The Content-Security-Policy of the console. No script but the console's own files, nothing from or to elsewhere than
 * itself and what it is told. Styles may stand in the page: editors and dialogs make theirs at run time, and without
 * foreign addresses to load from they can carry nothing out.
 * @param connect origins that the console asks beside its own, such as `https://api.example.org`.
 */
export const consolePolicy = (connect: readonly string[] = []): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data: blob:",
    connectSources(connect),
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** The directive that says whom the console may ask. */
export const connectSources = (connect: readonly string[]): string => ["connect-src 'self'", ...connect].join(' ');
