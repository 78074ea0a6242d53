import { createRequire } from 'node:module';

/** What of @lhncbc/ucum-lhc is used; it ships no types. */
interface UcumLibrary {
  convertToBaseUnits(
    code: string,
    value: number,
  ): {
    readonly status: 'succeeded' | 'failed' | 'invalid' | 'error';
    readonly magnitude?: number;
    readonly unitToExp?: Readonly<Record<string, number>>;
    readonly fromUnitIsSpecial?: boolean;
  };
  getSpecifiedUnit(code: string, use: 'validate'): { readonly unit: { readonly moleExp_?: number } | null };
  validateUnitString(code: string): {
    readonly status: 'valid' | 'invalid' | 'error';
    /** The code that was understood, which may be another one than was asked for. */
    readonly ucumCode: string | null;
    readonly unit: { readonly name: string } | null;
  };
}

/** The system of UCUM. https://hl7.org/fhir/R4/datatypes.html#quantity */
export const ucumSystem = 'http://unitsofmeasure.org';

/** Codes are data of clients: longer ones are no unit that anybody measures in. */
export const longestUnit = 100;

let loaded: UcumLibrary | undefined;

/** Loaded when the first unit is asked for: 40 ms and 12 MB that no start should wait for. */
function ucum(): UcumLibrary {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const { UcumLhcUtils } = require('@lhncbc/ucum-lhc') as { UcumLhcUtils: { getInstance(): UcumLibrary } };
    loaded = UcumLhcUtils.getInstance();
  }
  return loaded;
}

/**
 * Asks the UCUM library about a code.
 * @param code case counts.
 * @returns undefined also for texts that are no units, at some of which its parser throws.
 */
export function askUcum<Answer>(code: string, ask: (library: UcumLibrary) => Answer | undefined): Answer | undefined {
  if (code === '' || code.length > longestUnit) return undefined;
  const library = ucum(); // outside of `try`: without it every quantity would be of an unknown unit
  // The library prints what it cannot read; data of clients belongs in no log.
  const { log } = console;
  console.log = () => undefined;
  try {
    return ask(library);
  } catch {
    return undefined;
  } finally {
    console.log = log;
  }
}

/**
 * The name of a UCUM unit, such as `milligram` of `mg`. https://ucum.org/ucum
 * @param code case counts.
 * @returns undefined for what is no code of UCUM, names of units among it.
 */
export const unitName = (code: string): string | undefined =>
  askUcum(code, (library) => {
    const { status, ucumCode, unit } = library.validateUnitString(code);
    return status === 'valid' && ucumCode === code ? (unit?.name ?? code) : undefined;
  });
