import { indexOfName, type ListedPatient } from './patients';

/** What the form knows of a patient. */
export interface PatientFields {
  readonly family: string;
  readonly given: string;
  readonly gender: string;
  readonly birthDate: string;
}

/** One step of a JSON Patch: https://www.rfc-editor.org/rfc/rfc6902 */
export interface PatchStep {
  readonly op: 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

type Known = Pick<ListedPatient, 'name' | 'gender' | 'birthDate'>;

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

/** What the form shows of a patient that was read. */
export function fieldsOf({ name, gender, birthDate }: Known): PatientFields {
  const shown = name?.[indexOfName(name)];
  return {
    family: shown?.family ?? '',
    given: shown?.given?.filter(Boolean).join(' ') ?? '',
    gender: gender ?? '',
    birthDate: birthDate ?? '',
  };
}

/** A new patient; what is empty is left out, as FHIR asks. */
export function patientOf({ family, given, gender, birthDate }: PatientFields) {
  const names = words(given);
  return {
    name: [{ ...(family && { family }), ...(names.length > 0 && { given: names }) }],
    ...(gender && { gender }),
    ...(birthDate && { birthDate }),
  };
}

/**
 * What to change so that a patient has what the form says, and keeps everything the form knows nothing of: addresses,
 * identifiers, extensions. An update would replace the whole resource.
 */
export function patchOf(read: Known, wanted: PatientFields): PatchStep[] {
  const before = fieldsOf(read);
  const step = (path: string, old: string, next: string, value: unknown = next): PatchStep[] => {
    if (old === next) return [];
    return [next === '' ? { op: 'remove', path } : { op: 'add', path, value }];
  };
  const at = `/name/${indexOfName(read.name)}`;
  const name =
    (read.name?.length ?? 0) === 0
      ? wanted.family || wanted.given
        ? [{ op: 'add', path: '/name', value: patientOf(wanted).name } as const]
        : []
      : [
          ...step(`${at}/family`, before.family, wanted.family),
          ...step(`${at}/given`, before.given, wanted.given, words(wanted.given)),
        ];
  return [
    ...name,
    ...step('/gender', before.gender, wanted.gender),
    ...step('/birthDate', before.birthDate, wanted.birthDate),
  ];
}
