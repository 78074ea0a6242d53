import { describe, expect, test } from '@jest/globals';
import { type GraphQLError, isInputObjectType, parse, validate, validateSchema } from 'graphql';
import { loadDefinitions } from '../../fhir/load-definitions.js';
import { fhirVersions } from '../../fhir/version.js';
import { makeSchema } from '../../graphql/schema.js';

describe.each(fhirVersions)('the schema that introspection tells, %s', (version) => {
  test('is one, and takes the queries of the documentation', async () => {
    const schema = await makeSchema(await loadDefinitions(version));
    Reflect.set(schema, '__validationErrors', undefined);
    expect(validateSchema(schema)).toEqual([]);
    const mistakes = (query: string): readonly GraphQLError[] => validate(schema, parse(query));
    const query = `query ($id: ID!) {
      Patient(id: $id) {
        __typename resourceType id birthDate _birthDate { extension(url: "urn:x") { valueDateTime } }
        name(use: "official", fhirpath: "family.exists()", _count: 1) @flatten @first { given family @singleton }
        contained(fhirpath: "id = 'a'") { id }
        managingOrganization { resource(optional: true, type: Organization) { ... on Organization { name } } }
        ObservationList(_reference: subject, code: "8302-2", _sort: "-date", _count: 20) { valueQuantity { value unit } }
        ObservationConnection(_reference: performer) { count edges { mode score resource { id } } next }
      }
      PatientList(family: ["a", "b"], fhirpath: "active") { telecom @slice(path: "use") { value } }
      PatientConnection(_cursor: "x") { count offset pagesize first previous next last }
    }`;
    expect(mistakes(query)).toEqual([]);
    const mutation = `mutation ($res: Patient_Input!) {
      PatientCreate(res: $res) { location resource { id } information { issue { diagnostics } } }
      PatientUpdate(id: "1", versionId: "2", res: { name: [{ family: "x", _family: { extension: [{ url: "u" }] } }] }) { location }
      PatientDelete(id: "1") { location }
    }`;
    expect(mistakes(mutation)).toEqual([]);
    expect(mistakes('{ Patient(id: "1") { nam { family } } }')).toHaveLength(1);
    expect(isInputObjectType(schema.getType('PatientContact_Input'))).toBe(true);
  });
});

test('the schema on a resource begins with its type', async () => {
  const schema = await makeSchema(await loadDefinitions('stu3'), 'Patient');
  expect([schema.getQueryType()?.name, schema.getMutationType()]).toEqual(['Patient', undefined]);
});
