/**
 * What FHIR Works on AWS 6.1 reached by these loads on DynamoDB Local and OpenSearch: measured in another run, on
 * 2026-11-23, two cores shared with the client, its authentication a stub, its search behind its writes. It does not run
 * here, so nothing is compared with it: figures move by a factor of two with the machine's load.
 */
const fhirWorks: Readonly<Record<string, string>> = {
  transactions: '330–407 entries a second, 90 a bundle; refuses more than 100',
  'create Patient': '453–500 a second',
  'read Patient': '424–867 a second',
  'Patient?family&_count=20': '238–348 a second',
  'Observation?subject&code&date&_sort': '293–499 a second',
  'GraphQL Patient + 20 Observations': 'has no GraphQL',
};

/** What is said of a peer beside the figures of a load on the engines. */
export const beside = (load: string): { readonly fhirWorks61: string } => ({
  fhirWorks61: `${fhirWorks[load] ?? 'no figure'} (another run: not compared)`,
});
