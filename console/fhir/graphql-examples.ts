import type { FhirVersion } from './version.js';

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
export const graphqlExamples = (version: FhirVersion, patient: string | undefined): readonly GraphqlExample[] => [
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
      ${version === 'r4' ? 'encounter' : 'context'} {
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
    text: 'Active problems of a patient, and who wrote them',
    query: `query Problems($id: [String!]) {
  ConditionList(patient: $id, clinical_status: "active") {
    id
    code {
      text
    }
    onsetDateTime
    asserter {
      display
    }
  }
}
`,
    variables: JSON.stringify({ id: patient ?? 'the id of a patient' }, null, 2),
  },
  {
    text: 'Follow all changes',
    query: `subscription {
  onResourceChanged {
    type
    id
    versionId
    action
    lastUpdated
  }
}
`,
    surface: 'appsync',
  },
  {
    text: 'Follow what is added to a record',
    query: `subscription Added($compartment: String!) {
  onResourceChanged(compartment: $compartment, actions: [create]) {
    type
    id
    lastUpdated
  }
}
`,
    variables: JSON.stringify({ compartment: `Patient/${patient ?? 'the id of a patient'}` }, null, 2),
    surface: 'appsync',
  },
  {
    text: 'Change a patient, if nobody else did',
    query: `mutation Change($id: ID!) {
  PatientUpdate(id: $id, versionId: "1", res: { name: [{ family: "Chalmers" }], active: true }) {
    resource {
      meta {
        versionId
      }
    }
  }
}
`,
    variables: JSON.stringify({ id: patient ?? 'the id of a patient' }, null, 2),
    surface: 'appsync',
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
