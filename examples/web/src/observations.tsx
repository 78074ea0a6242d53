import type { PatientWithObservationsQuery } from './generated/graphql';

type Connection = NonNullable<PatientWithObservationsQuery['Patient']>['ObservationConnection'];
type Observation = NonNullable<NonNullable<NonNullable<NonNullable<Connection>['edges']>[number]>['resource']>;
type Concept = { text?: string | null; coding?: ({ display?: string | null } | null)[] | null } | null | undefined;
type Quantity = { value?: string | null; unit?: string | null } | null | undefined;

const wordsOf = (concept: Concept): string => concept?.text ?? concept?.coding?.[0]?.display ?? '';

/** Decimals come as text, with the digits they were written with. */
const amountOf = (quantity: Quantity): string => [quantity?.value, quantity?.unit].filter(Boolean).join(' ');

function valueOf({ valueQuantity, valueString, valueCodeableConcept, component }: Observation): string {
  const parts = component?.map((part) => `${wordsOf(part?.code)} ${amountOf(part?.valueQuantity)}`);
  return amountOf(valueQuantity) || (valueString ?? '') || wordsOf(valueCodeableConcept) || (parts?.join(', ') ?? '');
}

/** The newest observations of a patient. */
export function Observations({ connection }: { connection: Connection }) {
  const observations = connection?.edges?.map((edge) => edge?.resource) ?? [];
  if (observations.length === 0) return <p className="empty">Nothing has been observed yet.</p>;
  return (
    <table>
      <caption className="soft">
        The newest {observations.length} of {connection?.count}
      </caption>
      <thead>
        <tr>
          <th scope="col">Date</th>
          <th scope="col">Observation</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {observations.map(
          (observation) =>
            observation && (
              <tr key={observation.id}>
                <td>{observation.effectiveDateTime?.slice(0, 10)}</td>
                <th scope="row">{wordsOf(observation.code)}</th>
                <td>{valueOf(observation)}</td>
              </tr>
            ),
        )}
      </tbody>
    </table>
  );
}
