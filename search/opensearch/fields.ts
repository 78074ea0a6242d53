import { separator } from '../term.js';

/** The fields that hold terms. */
export type TermField = 'present' | 'tok' | 'ref' | 'str' | 'gram' | 'uri' | 'word';

/** One span of a parameter, in the units it has these ends in. */
export interface RangeField {
  readonly code: string;
  readonly unit: readonly string[];
  readonly low: number;
  readonly high: number;
}

/** One element of a composite, with one of its spans if it has any. */
export interface CompositeField extends Partial<Omit<RangeField, 'code'>> {
  readonly code: string;
  /** The terms of its components, behind their places. */
  readonly part: readonly string[];
}

/** What the resource sorts by for one parameter. */
export interface SortField {
  readonly code: string;
  readonly min: string;
  readonly max: string;
}

/** What a document holds of its resource, parameter by parameter; see `search/mapping.ts`. */
export type DocumentFields = { readonly [F in TermField]: Set<string> } & {
  readonly rng: RangeField[];
  readonly comp: CompositeField[];
  readonly sort: SortField[];
};

/** A parameter's term as it stands in a field that all parameters share. */
export const keyed = (code: string, term: string): string => code + separator + term;

/** Where the words of `_text` and of `_content` stand: those of the narrative, and those that stand only elsewhere. */
export const wordPlaces = { _text: ['text'], _content: ['text', 'else'] } as const;

/** No fields yet. */
export const noFields = (): DocumentFields => ({
  present: new Set(),
  tok: new Set(),
  ref: new Set(),
  str: new Set(),
  gram: new Set(),
  uri: new Set(),
  word: new Set(),
  rng: [],
  comp: [],
  sort: [],
});
