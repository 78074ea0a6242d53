import { Link } from '@tanstack/react-router';
import { Loading, Refusal } from '../../components/Said.js';
import { Status } from '../../components/Value.js';
import type { Resource } from '../../fhir/json.js';
import { dateText, findingText, isVoid, statusOf, titleOf, whenOf } from '../../fhir/text.js';
import { useVersion } from '../../session/queries.js';
import { useFound } from './record.js';

function Row({ resource }: { readonly resource: Resource }) {
  const version = useVersion();
  const value = findingText(resource);
  const status = value === '' ? statusOf(resource) : undefined;
  return (
    <li>
      <Link to="/$version/$type/$id" params={{ version, type: resource.resourceType, id: resource.id ?? '' }}>
        {titleOf(resource)}
      </Link>
      <span className="part-value">
        {value === '' ? null : <strong className="numbers">{value}</strong>}
        {status === undefined ? null : <Status status={status} />}
      </span>
      <span className="soft small part-when">{dateText(whenOf(resource)?.slice(0, 10))}</span>
    </li>
  );
}

function Part({
  title,
  type,
  query,
  none,
  isLatestOfEach = false,
}: {
  readonly title: string;
  readonly type: string;
  readonly query: string;
  readonly none: string;
  /** Of resources with one code only the latest is shown. */
  readonly isLatestOfEach?: boolean;
}) {
  const version = useVersion();
  const { data, error } = useFound(type, `${query}&_count=${isLatestOfEach ? '60' : '6'}`);
  const seen = new Set<string>();
  const shown = data?.resources
    .filter((resource) => {
      const title = titleOf(resource);
      if (isVoid(resource)) return false;
      if (!isLatestOfEach || findingText(resource) === '') return !isLatestOfEach;
      const isNew = !seen.has(title);
      seen.add(title);
      return isNew;
    })
    .slice(0, isLatestOfEach ? 8 : 6);
  return (
    <section className="card part">
      <div className="card-head">
        <h2>{title}</h2>
        {data === undefined || data.total === 0 ? null : (
          <Link className="spread small" to="/$version/$type" params={{ version, type }} search={{ q: query }}>
            all {data.total.toLocaleString()}
          </Link>
        )}
      </div>
      {error !== null ? (
        <div className="card-body">
          <Refusal error={error} />
        </div>
      ) : shown === undefined ? (
        <div className="card-body">
          <Loading lines={4} />
        </div>
      ) : shown.length === 0 ? (
        <p className="card-body soft">{none}</p>
      ) : (
        <ul>
          {shown.map((resource) => (
            <Row key={resource.id} resource={resource} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** The record at a glance. */
export default function Overview({ id }: { readonly id: string }) {
  const of = `patient=${id}`;
  return (
    <div className="parts">
      <Part
        title="Latest findings"
        type="Observation"
        query={`${of}&_sort=-date`}
        none="No findings recorded."
        isLatestOfEach
      />
      <Part
        title="Medications"
        type="MedicationRequest"
        query={`${of}&status=active`}
        none="No active prescriptions recorded."
      />
      <Part title="Encounters" type="Encounter" query={`${of}&_sort=-date`} none="No encounters recorded." />
      <Part title="Procedures" type="Procedure" query={`${of}&_sort=-date`} none="No procedures recorded." />
      <Part title="Immunizations" type="Immunization" query={`${of}&_sort=-date`} none="No immunizations recorded." />
      <Part title="Reports" type="DiagnosticReport" query={`${of}&_sort=-date`} none="No reports recorded." />
    </div>
  );
}
