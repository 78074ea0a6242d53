import { bodyPath, type BodyStore } from '../../persistence/body-store.js';

/** Bodies in memory. */
export function memoryBodies(): BodyStore {
  const bodies = new Map<string, string>();
  return {
    put: (key, body) => Promise.resolve(void bodies.set(bodyPath(key), body)),
    get: (key) => Promise.resolve(bodies.get(bodyPath(key))),
    delete: (key) => Promise.resolve(void bodies.delete(bodyPath(key))),
    list: () => {
      throw new Error('Nobody lists these');
    },
  };
}
