import type { Bucket } from './bucket.js';
import { once } from './once.js';

/**
 * A bucket that is opened by the first call that needs it: few requests have a body too large for an item, or a Binary.
 * @param open opens it; tried again by the next call when it fails.
 */
export function bucketWhenAsked(open: () => Promise<Bucket>): Bucket {
  const opened = once(open);
  const bodies = async (): Promise<Bucket['bodies']> => (await opened()).bodies;
  const contents = async (): Promise<Bucket['contents']> => (await opened()).contents;
  return {
    bodies: {
      put: async (key, body) => (await bodies()).put(key, body),
      get: async (key) => (await bodies()).get(key),
      delete: async (key) => (await bodies()).delete(key),
      async *list(tenant) {
        yield* (await bodies()).list(tenant);
      },
    },
    contents: {
      head: async (path) => (await contents()).head(path),
      delete: async (path) => (await contents()).delete(path),
      uploadUrl: async (terms) => (await contents()).uploadUrl(terms),
      downloadUrl: async (terms) => (await contents()).downloadUrl(terms),
    },
  };
}
