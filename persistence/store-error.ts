/** The store cannot be used, or no longer; the message is a sentence for the person who runs the server. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
