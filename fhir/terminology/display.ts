import type { Designation } from './code-system.js';

/** Whether a language tag is the one asked for, or a more special one: `de-CH` for `de`. */
export const isLanguage = (tag: string | undefined, wanted: string): boolean =>
  tag !== undefined &&
  (tag.toLowerCase() === wanted.toLowerCase() || tag.toLowerCase().startsWith(`${wanted.toLowerCase()}-`));

/**
 * What a concept is called in a language.
 * @param concept its display and other names.
 * @param language a tag such as `de`; without one, or without a name in it, the display counts.
 */
export const displayIn = (
  concept: { readonly display?: string; readonly designation?: readonly Designation[] },
  language: string | undefined,
): string | undefined =>
  (language === undefined
    ? undefined
    : concept.designation?.find((designation) => isLanguage(designation.language, language))?.value) ?? concept.display;

const folded = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase();

/** Whether a text is a name of a concept, whatever its case and spacing. */
export const isDisplayOf = (
  text: string,
  concept: { readonly display?: string; readonly designation?: readonly Designation[] },
): boolean =>
  [concept.display, ...(concept.designation ?? []).map(({ value }) => value)].some(
    (each) => each !== undefined && folded(each) === folded(text),
  );
