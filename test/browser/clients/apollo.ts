// Apollo Client with documents typed by GraphQL Code Generator, on both GraphQL surfaces: apollo.ts <server> <token>.
// Prints what it is answered, a JSON value in a line.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import {
  CreatePatientDocument,
  DeletePatientDocument,
  FindPatientsDocument,
  UpdatePatientDocument,
} from './appsync/graphql.js';
import { CreateObservationDocument, PatientRecordDocument } from './specification/graphql.js';

const [, , server = '', token = ''] = process.argv;
const headers = { authorization: token };
const clientOf = (path: string): ApolloClient =>
  new ApolloClient({
    link: new HttpLink({
      uri: `${server}${path}`,
      headers: path.includes('$') ? { authorization: `Bearer ${token}` } : headers,
    }),
    cache: new InMemoryCache(),
  });
const print = (value: unknown): void => {
  console.log(JSON.stringify(value));
};

const appsync = clientOf('/r4/graphql');
const created = await appsync.mutate({
  mutation: CreatePatientDocument,
  variables: { res: { name: [{ use: 'official', family: 'Typed', given: ['Ann'] }], birthDate: '1974' } },
});
const patient = created.data?.PatientCreate?.resource;
const id: string = patient?.id ?? '';
const versionId: string = patient?.meta?.versionId ?? '';
print({ versionId });
const found = await appsync.query({ query: FindPatientsDocument, variables: { family: ['typed'] } });
print(found.data?.PatientList?.map((each): string | null | undefined => each?.name?.[0]?.family));

const update = (birthDate: string): Promise<string | null | undefined> =>
  appsync
    .mutate({
      mutation: UpdatePatientDocument,
      variables: { id, versionId, res: { birthDate, name: [{ use: 'official', family: 'Typed' }] } },
    })
    .then(({ data }) => data?.PatientUpdate?.resource?.birthDate);
print(await update('1975-12'));
const refused: unknown = await update('1976').catch((error: unknown) => error);
print(
  CombinedGraphQLErrors.is(refused)
    ? refused.errors.map((error) => (error as { errorType?: string }).errorType)
    : String(refused),
);

const specification = clientOf('/r4/$graphql');
const observed = await specification.mutate({
  mutation: CreateObservationDocument,
  variables: {
    res: {
      status: 'final',
      code: { coding: [{ code: '8302-2' }] },
      subject: { reference: `Patient/${id}` },
      valueQuantity: { value: 88.9, unit: 'cm' },
    },
  },
});
print(typeof observed.data?.ObservationCreate?.resource?.id);
const record = await specification.query({ query: PatientRecordDocument, variables: { id } });
const { name, ObservationList } = record.data?.Patient ?? {};
const { resource } = ObservationList?.[0]?.subject ?? {};
print({
  family: name?.[0]?.family,
  quantity: ObservationList?.[0]?.valueQuantity?.unit,
  born: resource && 'birthDate' in resource ? resource.birthDate : undefined,
});
const unknown: unknown = await specification
  .query({ query: PatientRecordDocument, variables: { id: 'nobody' } })
  .catch((error: unknown) => error);
print(CombinedGraphQLErrors.is(unknown) ? unknown.message : String(unknown));

await appsync.mutate({ mutation: DeletePatientDocument, variables: { id } });
const gone = await appsync.query({
  query: FindPatientsDocument,
  variables: { family: ['typed'] },
  fetchPolicy: 'network-only',
});
print(gone.data?.PatientList);
