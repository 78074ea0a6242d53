import { Link } from '@tanstack/react-router';
import { Icon } from '../../components/Icon.js';
import { Status, Value } from '../../components/Value.js';
import type { SearchParameter } from '../../fhir/capabilities.js';
import { columnName, columnValue, sortedBy } from '../../fhir/columns.js';
import type { Resource } from '../../fhir/json.js';
import { dateText, titleOf } from '../../fhir/text.js';
import { useVersion } from '../../session/queries.js';

function Cell({ resource, column }: { readonly resource: Resource; readonly column: string }) {
  const version = useVersion();
  if (column === '@title')
    return (
      <Link
        className="result-title"
        to="/$version/$type/$id"
        params={{ version, type: resource.resourceType, id: resource.id ?? '' }}
      >
        {titleOf(resource)}
      </Link>
    );
  const value = columnValue(resource, column);
  if ((column === 'status' || column === '@status' || column === 'clinicalStatus') && value !== undefined)
    return <StatusOf value={value} />;
  if (typeof value === 'string' && isDay.test(value)) return <span className="when">{dateText(value)}</span>;
  return <Value value={value} />;
}

/** A day or an instant; what may as well be a number of a lot (`2021-03`) stays as it was written. */
const isDay = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/;

const StatusOf = ({ value }: { readonly value: unknown }) =>
  typeof value === 'string' ? <Status status={value} /> : <Value value={value} />;

/** What was found, a row each. */
export function Results({
  type,
  resources,
  columns,
  parameters,
  sort,
  onSort,
}: {
  readonly type: string;
  readonly resources: readonly Resource[];
  readonly columns: readonly string[];
  readonly parameters: readonly SearchParameter[];
  readonly sort: string | undefined;
  readonly onSort: (sort: string | undefined) => void;
}) {
  // A row must lead somewhere, whatever columns were chosen.
  const shown = columns.includes('@title') ? columns : ['@title', ...columns];
  return (
    <div className="table-box" tabIndex={0} role="group" aria-label="What was found">
      <table className="table results">
        <thead>
          <tr>
            {shown.map((column) => {
              const by = sortedBy(column, parameters);
              const isUp = sort === by;
              const isDown = sort === `-${by ?? ''}`;
              const name = columnName(column, type);
              return (
                <th
                  key={column}
                  scope="col"
                  aria-sort={by === undefined ? undefined : isUp ? 'ascending' : isDown ? 'descending' : 'none'}
                >
                  {by === undefined ? (
                    name
                  ) : (
                    <button
                      type="button"
                      onClick={() => {
                        onSort(isUp ? `-${by}` : isDown ? undefined : by);
                      }}
                    >
                      {name}
                      {isUp ? <Icon name="up" /> : isDown ? <Icon name="down" /> : null}
                    </button>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {resources.map((resource) => (
            <tr key={`${resource.resourceType}/${resource.id ?? ''}`}>
              {shown.map((column) => (
                <td key={column} data-label={columnName(column, type)}>
                  <Cell resource={resource} column={column} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
