import type { CodeSystem } from './code-system.js';
import type { ValueSet } from './value-set.js';

/** A canonical URL and the version behind its `|`. */
export interface Canonical {
  readonly url: string;
  readonly version?: string;
}

/** Finds the code systems and value sets there are. */
export interface TerminologyFinder {
  codeSystem(canonical: Canonical): Promise<CodeSystem | undefined>;
  valueSet(canonical: Canonical): Promise<ValueSet | undefined>;
}

/** Reads `url|version`. */
export function parseCanonical(text: string): Canonical {
  const bar = text.indexOf('|');
  const version = bar < 0 ? '' : text.slice(bar + 1);
  return { url: bar < 0 ? text : text.slice(0, bar), ...(version === '' ? {} : { version }) };
}

/** Writes `url|version`. */
export const canonicalText = ({ url, version }: Canonical): string =>
  version === undefined ? url : `${url}|${version}`;
