/**
 * What a process makes once, for all its events: begun by the first that asks, and anew by the next when it failed.
 * @param make makes it.
 */
export function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}
