import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { Loading, Notice, Refusal } from '../../components/Said.js';
import { at, objectsOf, textAt } from '../../fhir/json.js';
import { dateText } from '../../fhir/text.js';
import { useApi, usePermissions } from '../../session/queries.js';
import { storedQuery } from './stored.js';

const Diff = lazy(() => import('../../components/Diff.js'));

interface Version {
  readonly versionId: string;
  readonly when: string | undefined;
  readonly what: string;
  readonly isDeleted: boolean;
}

const versionsOf = (bundle: unknown): readonly Version[] =>
  objectsOf(at(bundle, 'entry')).map((entry) => {
    const method = textAt(entry, 'request', 'method');
    return {
      versionId:
        textAt(entry, 'resource', 'meta', 'versionId') ??
        /\d+/.exec(textAt(entry, 'response', 'etag') ?? '')?.[0] ??
        '',
      when: textAt(entry, 'response', 'lastModified') ?? textAt(entry, 'resource', 'meta', 'lastUpdated'),
      what: method === 'DELETE' ? 'deleted' : method === 'POST' ? 'created' : 'saved',
      isDeleted: method === 'DELETE',
    };
  });

/** Two versions beside each other, and the older one to bring back. */
function Compared({
  type,
  id,
  before,
  after,
  now,
}: {
  readonly type: string;
  readonly id: string;
  readonly before: string;
  readonly after: string;
  readonly now: string;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const { data: permissions } = usePermissions();
  const [said, setSaid] = useState<{ readonly saved: string; readonly error?: unknown }>();
  const a = useQuery(storedQuery(api, type, id, before));
  const b = useQuery(storedQuery(api, type, id, after));
  const error = a.error ?? b.error;
  if (error !== null) return <Refusal error={error} />;
  if (a.data === undefined || b.data === undefined) return <Loading />;
  const old = a.data;
  const restore = (): void => {
    api
      .send(`${type}/${id}`, { method: 'PUT', body: old.text, headers: { 'If-Match': `W/"${now}"` } })
      .then(async () => {
        await queries.invalidateQueries({ queryKey: [api.version] });
        setSaid({ saved: before });
      })
      .catch((problem: unknown) => {
        setSaid({ saved: before, error: problem });
      });
  };
  return (
    <section className="card" aria-label="Difference">
      <div className="card-head">
        <h2>
          Version {before} and version {after}
        </h2>
        {permissions?.may('update', type) === 'no' ? null : (
          <button type="button" className="button spread" onClick={restore}>
            Save version {before} again
          </button>
        )}
      </div>
      {said === undefined ? null : (
        <div className="card-said">
          {said.error === undefined ? (
            <Notice kind="good">
              <p>Version {said.saved} was saved again, as a new version.</p>
            </Notice>
          ) : (
            <Refusal error={said.error} />
          )}
        </div>
      )}
      <div className="diff-heads small soft">
        <span>Version {before}</span>
        <span>Version {after}</span>
      </div>
      <Suspense fallback={<Loading />}>
        <Diff before={a.data.text} after={b.data.text} label={`Versions ${before} and ${after}`} />
      </Suspense>
    </section>
  );
}

/** All versions of a resource, and the difference of any two. */
export function History({ type, id }: { readonly type: string; readonly id: string }) {
  const api = useApi();
  const { data, error } = useQuery({
    queryKey: [api.version, 'history', type, id],
    queryFn: async ({ signal }) => versionsOf((await api.send(`${type}/${id}/_history?_count=200`, { signal })).json),
  });
  const [chosen, setChosen] = useState<readonly [string | undefined, string | undefined]>([undefined, undefined]);
  if (error !== null) return <Refusal error={error} />;
  if (data === undefined) return <Loading />;
  const readable = data.filter(({ isDeleted }) => !isDeleted);
  const after = chosen[1] ?? readable[0]?.versionId;
  const before = chosen[0] ?? readable[1]?.versionId;
  return (
    <>
      <section className="card table-box" aria-label="Versions">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">When</th>
              <th scope="col">What</th>
              <th scope="col">Compare</th>
              <th scope="col">with</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ versionId, when, what, isDeleted }) => (
              <tr key={versionId}>
                <td className="numbers">{versionId}</td>
                <td>{dateText(when)}</td>
                <td>{what}</td>
                {([0, 1] as const).map((side) => (
                  <td key={side}>
                    {isDeleted || readable.length < 2 ? null : (
                      <input
                        type="radio"
                        name={side === 0 ? 'before' : 'after'}
                        aria-label={`${side === 0 ? 'Compare' : 'with'} version ${versionId}`}
                        checked={(side === 0 ? before : after) === versionId}
                        onChange={() => {
                          setChosen(side === 0 ? [versionId, chosen[1]] : [chosen[0], versionId]);
                        }}
                      />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {before === undefined || after === undefined ? (
        <p className="soft">There is one version. Each save adds another, and none is lost.</p>
      ) : (
        <Compared type={type} id={id} before={before} after={after} now={data[0]?.versionId ?? ''} />
      )}
    </>
  );
}
