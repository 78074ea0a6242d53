import { Link } from '@tanstack/react-router';
import { Facts } from '../../components/Facts.js';
import { Icon } from '../../components/Icon.js';
import { objectsOf, type Resource, textAt } from '../../fhir/json.js';
import { codeIn, dateText, titleOf, valueText } from '../../fhir/text.js';
import { useVersion } from '../../session/queries.js';
import { useFound } from './record.js';
import '../../style/patient.css';

/** Whole years between a birth and a moment. */
export function ageOf(birthDate: string | undefined, until: Date): string {
  const born = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?/.exec(birthDate ?? '');
  if (born === null) return '';
  const [, year = '0', month = '1', day = '1'] = born;
  const months =
    (until.getFullYear() - Number(year)) * 12 +
    until.getMonth() +
    1 -
    Number(month) -
    (until.getDate() < Number(day) ? 1 : 0);
  return months < 24 ? `${String(Math.max(0, months))} months` : `${String(Math.floor(months / 12))} years`;
}

/** The number people know a patient by: the medical record's, or the first there is. */
const numberOf = (patient: Resource): string | undefined => {
  const identifiers = objectsOf(patient['identifier']);
  const found = identifiers.find((each) => textAt(each, 'type', 'coding', 0, 'code') === 'MR') ?? identifiers[0];
  return textAt(found, 'value');
};

/** That it is over, where it is: `(resolved)`. */
function over(resource: Resource): string {
  const status = codeIn(resource, 'clinicalStatus');
  return status === 'inactive' || status === 'resolved' ? ` (${status})` : '';
}

/** What must be seen first of what a search finds: all of it, or that it is not known. */
function Warnings({
  name,
  none,
  type,
  query,
}: {
  readonly name: string;
  readonly none: string;
  readonly type: string;
  readonly query: string;
}) {
  const version = useVersion();
  const { data, error } = useFound(type, `${query}&_count=8`);
  return (
    <div className="warnings">
      <h2>{name}</h2>
      {error !== null ? (
        <p className="small">
          <span className="chip warn">
            <Icon name="alert" />
            not known: {error.message}
          </span>
        </p>
      ) : data === undefined ? (
        <span className="loading" style={{ width: '10rem', height: '1.25rem' }} />
      ) : data.resources.length === 0 ? (
        <p className="soft small">{none}</p>
      ) : (
        <ul className="row">
          {data.resources.map((resource) => (
            <li key={resource.id}>
              <Link
                className={type === 'AllergyIntolerance' ? 'chip bad' : 'chip accent'}
                to="/$version/$type/$id"
                params={{ version, type, id: resource.id ?? '' }}
              >
                {titleOf(resource)}
                {textAt(resource, 'criticality') === 'high' ? ' (high risk)' : ''}
                {over(resource)}
              </Link>
            </li>
          ))}
          {data.total > data.resources.length ? (
            <li>
              <Link className="small" to="/$version/$type" params={{ version, type }} search={{ q: query }}>
                all {data.total}
              </Link>
            </li>
          ) : null}
        </ul>
      )}
    </div>
  );
}

/** Who the patient is, and what nobody may overlook: allergies and problems. */
export function Banner({ patient }: { readonly patient: Resource }) {
  const id = patient.id ?? '';
  const birthDate = textAt(patient, 'birthDate');
  const died = textAt(patient, 'deceasedDateTime');
  const isDead = died !== undefined || patient['deceasedBoolean'] === true;
  const facts: readonly (readonly [string, string | undefined])[] = [
    [
      'Born',
      birthDate === undefined
        ? 'not recorded'
        : `${dateText(birthDate)}${isDead ? '' : ` (${ageOf(birthDate, new Date())})`}`,
    ],
    [
      'Died',
      isDead ? `${dateText(died)}${died === undefined ? 'yes' : ` (${ageOf(birthDate, new Date(died))})`}` : undefined,
    ],
    ['Gender', textAt(patient, 'gender') ?? 'not recorded'],
    ['Number', numberOf(patient)],
    ['Phone', objectsOf(patient['telecom']).map(valueText)[0]],
    ['Address', objectsOf(patient['address']).map(valueText)[0]],
  ];
  return (
    <section className="card banner" aria-label="Patient">
      <Facts facts={facts} />
      <Warnings
        name="Allergies"
        none="None recorded"
        type="AllergyIntolerance"
        query={`patient=${id}&verification-status:not=entered-in-error,refuted`}
      />
      <Warnings
        name="Problems"
        none="No active ones recorded"
        type="Condition"
        query={`patient=${id}&clinical-status:not=inactive,remission,resolved&verification-status:not=entered-in-error,refuted`}
      />
    </section>
  );
}
