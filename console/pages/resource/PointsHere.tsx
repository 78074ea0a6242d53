import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Empty, Loading, Refusal } from '../../components/Said.js';
import { TypeBadge } from '../../components/TypeBadge.js';
import type { Api } from '../../fhir/api.js';
import { at, objectsOf } from '../../fhir/json.js';
import { useApi, useCapabilities } from '../../session/queries.js';

interface Pointing {
  readonly type: string;
  readonly parameter: string;
  readonly total: number;
}

/** How many resources refer to one by each parameter that may; asked together. */
async function pointing(
  api: Api,
  reverse: readonly string[],
  target: string,
  signal: AbortSignal,
): Promise<readonly Pointing[]> {
  const pairs = reverse.map((each) => each.split(':') as [string, string]);
  const entry = pairs.map(([type, parameter]) => ({
    request: { method: 'GET', url: `${type}?${parameter}=${target}&_summary=count` },
  }));
  const body = JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry });
  const { json } = await api.send('', { method: 'POST', body, signal });
  return objectsOf(at(json, 'entry'))
    .flatMap((each, place) => {
      const [type, parameter] = pairs[place] ?? ['', ''];
      const total = at(each, 'resource', 'total');
      return typeof total === 'number' && total > 0 ? [{ type, parameter, total }] : [];
    })
    .toSorted((a, b) => b.total - a.total);
}

/** What refers to a resource, by every reference parameter of every type. */
export function PointsHere({ type, id }: { readonly type: string; readonly id: string }) {
  const api = useApi();
  const { data: capabilities } = useCapabilities();
  const reverse = capabilities?.types.get(type)?.revIncludes ?? [];
  const { data, error } = useQuery({
    queryKey: [api.version, 'pointing', type, id],
    queryFn: ({ signal }) => pointing(api, reverse, `${type}/${id}`, signal),
    enabled: capabilities !== undefined,
  });
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
          {data.map(({ type: from, parameter, total }) => (
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
                <code>{parameter}</code>
              </td>
              <td className="numbers">{total.toLocaleString()}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
