/** Which of `parts` disjoint parts a text belongs to, from 0 on: FNV-1a of its bytes, so that parts are about equal. */
export function partOf(text: string, parts: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % parts;
}
