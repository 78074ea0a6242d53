import type { Principal } from '../../auth/principal.js';

/** What an export is asked to do, as its job keeps it. https://hl7.org/fhir/uv/bulkdata/STU2/export.html */
export interface ExportInput {
  /** Who gets it: its segments authorize anew what they write. */
  readonly principal: Principal;
  readonly baseUrl: string;
  /** `transactionTime`: resources are exported as they were then. */
  readonly cut: string;
  /** Only what changed later; an instant. */
  readonly since?: string;
  /** The types exported, and what of each was open when the export began, as JSON of `Access`. */
  readonly access: Readonly<Record<string, string>>;
  /** `patients`: all in some patient's compartment; a list: all in those of these, as `Patient/1`; all without it. */
  readonly inside?: 'patients' | readonly string[];
  /** By type the queries of which one must match, as they stand behind the `?`. */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  /** As `_elements` has it. */
  readonly elements?: string;
  /** What was left out of the request, told in an error file. */
  readonly warnings: readonly string[];
}
