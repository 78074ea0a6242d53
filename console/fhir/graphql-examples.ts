/** A query to begin with. */
export interface GraphqlExample {
  readonly text: string;
  readonly query: string;
  readonly variables?: string;
  /** Where it works, if not on both. */
  readonly surface?: 'appsync' | 'operation';
}

/**
 * Queries to begin with.
 * @param patient the id of a patient that is there; any, without one.
 */
export const graphqlExamples = (patient: string | undefined): readonly GraphqlExample[] => [
  {
    text: 'Patients',
    query: `{
  PatientList(_count: 10, _sort: "family") {
    id
    name {
      family
      given
    }
    birthDate
    gender
  }
}
`,
  },
  {
    text: 'A patient with latest heights',
    query: `query ($id: ID!) {
  Patient(id: $id) {
    name {
      family
      given
    }
    ObservationList(_reference: subject, code: "8302-2", _sort: "-date", _count: 5) {
      effectiveDateTime
      valueQuantity {
        value
        unit
      }
      encounter {
        resource {
          ... on Encounter {
            period {
              start
            }
          }
        }
      }
    }
  }
}
`,
    variables: JSON.stringify({ id: patient ?? 'the id of a patient' }, null, 2),
    surface: 'appsync',
  },
  {
    text: 'A page of observations, and its cursor',
    query: `{
  ObservationConnection(_count: 10, _sort: "-date") {
    count
    next
    edges {
      resource {
        id
        code {
          text
        }
        effectiveDateTime
      }
    }
  }
}
`,
  },
  {
    text: 'A table, flat',
    query: `{
  PatientList(_count: 10) @flatten {
    id
    birthDate
    name @first @flatten {
      family
    }
  }
}
`,
    surface: 'operation',
  },
  {
    text: 'Make a patient',
    query: `mutation {
  PatientCreate(res: { name: [{ family: "Chalmers", given: ["Peter"] }], birthDate: "1974-12-25" }) {
    location
    resource {
      id
      meta {
        versionId
      }
    }
  }
}
`,
  },
];
