/** Why one operation of a patch cannot be done; whoever applies the patch says which operation it was. */
export class PatchFault extends Error {
  override readonly name = 'PatchFault';
}

/** Text of a client in a diagnostic, cut. */
export const clipped = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text);
