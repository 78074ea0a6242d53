/** A generated file: where it goes and what it holds. */
export interface EmittedFile {
  /** Relative to the repository's root, with `/`. */
  path: string;
  /** The whole text, header comment and final newline included. */
  text: string;
}
