/**
 * What other servers reached by these loads: measured in another run, on 2026-11-23, two cores shared with the client.
 * HAPI 8.8 on H2 without validation and without authentication, Medplum 5.0 on Postgres; FHIR Works on AWS 6.1 on
 * DynamoDB Local and OpenSearch, its authentication a stub, its search behind its writes. They do not run here, so
 * nothing is compared with them: figures move by a factor of two with the machine's load.
 */
interface Peers {
  readonly hapi88: string;
  readonly medplum50: string;
  readonly fhirWorks61: string;
}

const peers: Readonly<Record<string, Peers>> = {
  transactions: {
    hapi88: '522 entries a second cold, 837 warm',
    medplum50: '281–320 entries a second',
    fhirWorks61: '330–407 entries a second, 90 a bundle; refuses more than 100',
  },
  'create Patient': { hapi88: '199–228', medplum50: '239–298', fhirWorks61: '453–500' },
  'read Patient': { hapi88: '522–870', medplum50: '1506–1529', fhirWorks61: '424–867' },
  'Patient?family&_count=20': { hapi88: '57–75', medplum50: '250–272', fhirWorks61: '238–348' },
  'Observation?subject&code&date&_sort': { hapi88: '143–153', medplum50: '484–532', fhirWorks61: '293–499' },
  'GraphQL Patient + 20 Observations': {
    hapi88: '313, 440 warm',
    medplum50: '337–351',
    fhirWorks61: 'has no GraphQL',
  },
};

const notCompared = (figure: string | undefined): string => `${figure ?? 'no figure'} (another run: not compared)`;

/**
 * What is said of peers beside the figures of a load: of FHIR Works on the engines, of the others on the embedded store.
 * @param load its name.
 */
export function beside(load: string, place: 'engines' | 'embedded'): Readonly<Record<string, string>> {
  const { hapi88, medplum50, fhirWorks61 } = (peers[load] ?? {}) as Partial<Peers>;
  return place === 'engines'
    ? { fhirWorks61: notCompared(fhirWorks61) }
    : { hapi88: notCompared(hapi88), medplum50: notCompared(medplum50) };
}
