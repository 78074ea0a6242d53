/** The frames of a stack, without the message before them. */
export const framesOf = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');

/** What may be logged of an error nobody foresaw: its name, code and frames, never its message, which may quote a resource. */
export function withoutWords(error: unknown): {
  readonly name: string;
  readonly code?: unknown;
  readonly stack?: string;
} {
  if (!(error instanceof Error)) return { name: typeof error };
  return { name: error.name, code: Reflect.get(error, 'code'), stack: framesOf(error.stack ?? '') };
}
