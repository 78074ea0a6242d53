import { unprocessable } from '../../fhir/outcome.js';
import {
  type Canonical,
  canonicalText,
  parseCanonical,
  type TerminologyFinder,
} from '../../fhir/terminology/finder.js';
import { type OperationInput, inputTexts } from './input.js';

/** The parameters of `$expand` that choose the versions of code systems, as `system|version`. */
export const versionParameters = ['system-version', 'check-system-version', 'force-system-version'] as const;

/**
 * A finder that gives the versions of code systems that are asked for: `force-system-version` whatever a value set says,
 * `system-version` where it says none. https://hl7.org/fhir/R4/valueset-operation-expand.html
 * @returns a finder whose `codeSystem` throws an OperationOutcomeError 422 for a version that `check-system-version` excludes.
 */
export function withVersions(finder: TerminologyFinder, input: OperationInput): TerminologyFinder {
  const [standard, checked, forced] = versionParameters.map(
    (name) =>
      new Map(
        inputTexts(input, name)
          .map(parseCanonical)
          .map(({ url, version }) => [url, version]),
      ),
  );
  return {
    valueSet: (canonical) => finder.valueSet(canonical),
    async codeSystem({ url, version }) {
      const chosen = forced?.get(url) ?? version ?? standard?.get(url);
      const wanted: Canonical = { url, ...(chosen === undefined ? {} : { version: chosen }) };
      const found = await finder.codeSystem(wanted);
      const due = checked?.get(url);
      const actual = found?.version ?? chosen;
      if (due !== undefined && actual !== due) {
        const said = actual === undefined ? 'no version is known' : `the value set is of ${actual}`;
        throw unprocessable(
          'conflict',
          `${canonicalText({ url, version: due })} is asked for; ${said}`,
          'check-system-version',
        );
      }
      return found;
    },
  };
}
