/** A code and its system, where it is known: a `code` has none of its own. */
export interface Code {
  readonly system?: string;
  readonly code: string;
}

/** Tells whether a code is in a value set; undefined where that cannot be told. */
export type CodeCheck = (valueSet: string, code: Code) => boolean | undefined;
