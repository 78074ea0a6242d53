import type { ItemKey } from './table.js';

/** A key as one text, that of no other key: no partition key holds a zero character. */
export const textOf = ({ pk, sk }: ItemKey): string => `${pk}\0${sk}`;
