import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Empty, Loading, Refusal } from '../../components/Said.js';
import { TypeBadge } from '../../components/TypeBadge.js';
import { pointing, together } from '../../fhir/pointing.js';
import { useApi, useCapabilities } from '../../session/queries.js';

/** How many resources refer to one, by each parameter that may. */
export function usePointing(type: string, id: string) {
  const api = useApi();
  const { data: capabilities } = useCapabilities();
  const reverse = capabilities?.types.get(type)?.revIncludes ?? [];
  return useQuery({
    queryKey: [api.version, 'pointing', type, id],
    queryFn: ({ signal }) => pointing(api, reverse, `${type}/${id}`, signal),
    enabled: capabilities !== undefined,
  });
}

/** What refers to a resource, by every reference parameter of every type. */
export function PointsHere({ type, id }: { readonly type: string; readonly id: string }) {
  const api = useApi();
  const { data, error } = usePointing(type, id);
  if (error !== null) return <Refusal error={error} />;
  if (data === undefined) return <Loading />;
  if (data.length === 0)
    return (
      <div className="card">
        <Empty icon="link" title="Nothing points here">
          <p>No resource that you may see refers to this one.</p>
        </Empty>
      </div>
    );
  return (
    <section className="card table-box" aria-label="What points here">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col">by</th>
            <th scope="col">How many</th>
          </tr>
        </thead>
        <tbody>
          {together(data).map(({ type: from, parameter, names, total }) => (
            <tr key={`${from}:${parameter}`}>
              <td>
                <Link
                  to="/$version/$type"
                  params={{ version: api.version, type: from }}
                  search={{ q: `${parameter}=${type}/${id}` }}
                >
                  <TypeBadge type={from} />
                </Link>
              </td>
              <td>
                <code>{names.join(', ')}</code>
              </td>
              <td className="numbers">{total.toLocaleString()}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
