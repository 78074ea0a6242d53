import { graphql } from './generated';
import type { PatientsQuery } from './generated/graphql';

/** A page of patients; the next one by its cursor. */
export const Patients = graphql(`
  query Patients($name: [String], $cursor: String) {
    PatientConnection(name: $name, _sort: "family", _count: 25, _cursor: $cursor) {
      count
      next
      edges {
        resource {
          id
          name {
            use
            text
            family
            given
          }
          gender
          birthDate
        }
      }
    }
  }
`);

/** A patient with the newest observations: one request. */
export const PatientWithObservations = graphql(`
  query PatientWithObservations($id: ID!) {
    Patient(id: $id) {
      id
      meta {
        versionId
        lastUpdated
      }
      name {
        use
        text
        family
        given
      }
      gender
      birthDate
      ObservationConnection(_reference: subject, _sort: "-date", _count: 20) {
        count
        edges {
          resource {
            id
            status
            effectiveDateTime
            code {
              text
              coding {
                display
                code
              }
            }
            valueQuantity {
              value
              unit
            }
            valueString
            valueCodeableConcept {
              text
              coding {
                display
              }
            }
            component {
              code {
                text
                coding {
                  display
                }
              }
              valueQuantity {
                value
                unit
              }
            }
          }
        }
      }
    }
  }
`);

export const CreatePatient = graphql(`
  mutation CreatePatient($patient: Patient_Input!) {
    PatientCreate(res: $patient) {
      resource {
        id
      }
    }
  }
`);

export const DeletePatient = graphql(`
  mutation DeletePatient($id: ID!) {
    PatientDelete(id: $id) {
      location
    }
  }
`);

type Edges = NonNullable<NonNullable<PatientsQuery['PatientConnection']>['edges']>;

/** A patient of the list. */
export type ListedPatient = NonNullable<NonNullable<Edges[number]>['resource']>;

type Names = ListedPatient['name'];

/** Where the name to show stands: the official one, or the first; 0 when there is none. */
export const indexOfName = (names: Names): number =>
  Math.max(0, names?.findIndex((name) => name?.use === 'official') ?? 0);

/** A name for people: `Chalmers, Peter James`. */
export function nameOf(names: Names): string {
  const name = names?.[indexOfName(names)];
  if (!name) return 'Without a name';
  const { text, family, given } = name;
  const parts = [family, given?.filter(Boolean).join(' ')].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : (text ?? 'Without a name');
}
