/** The characters that ids are made of, as they are ordered. https://hl7.org/fhir/R4/datatypes.html#id */
const alphabet = '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** So many of them make a number that JSON holds exactly. */
const length = 8;
const ranks = new Map(Array.from(alphabet, (character, rank) => [character, rank]));

/** Opaque documents stand before all others. */
export const orderOfOpaque = -1;

/**
 * Where an id begins, as a whole number of 48 bits: smaller or equal for a smaller id, so that ids decide between equals.
 * @param id of a resource.
 */
export function orderKey(id: string): number {
  let key = 0;
  for (let at = 0; at < length; at += 1) key = key * alphabet.length + (ranks.get(id.charAt(at)) ?? 0);
  return key;
}
