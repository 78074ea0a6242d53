import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { Ago } from '../components/Ago.js';
import { useSubscription } from '../components/Connection.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Notice, Refusal } from '../components/Said.js';
import { PageHead } from '../components/fields.js';
import { TypeBadge } from '../components/TypeBadge.js';
import type { Api } from '../fhir/api.js';
import { askTogether } from '../fhir/bundle.js';
import { inGroups } from '../fhir/groups.js';
import { at, objectsOf, type Resource, textAt } from '../fhir/json.js';
import { patientPairs, queryOf } from '../fhir/query.js';
import { changeOf, changesAsked } from '../fhir/realtime.js';
import { titleOf } from '../fhir/text.js';
import { versionName } from '../fhir/version.js';
import { jobsQuery, useApi, useCapabilities, usePermissions } from '../session/queries.js';
import { useSession } from '../session/session.js';
import '../style/home.css';

/** How many there are of each type, asked together. */
async function countsOf(api: Api, types: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const urls = types.map((type) => `${type}?_summary=count`);
  return new Map(
    (await askTogether(api, urls, signal)).flatMap((answer, place) => {
      const total = at(answer, 'total');
      const type = types[place];
      return typeof total === 'number' && type !== undefined ? [[type, total] as const] : [];
    }),
  );
}

function FindPatient() {
  const { version } = useApi();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  return (
    <form
      className="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({
          to: '/$version/$type',
          params: { version, type: 'Patient' },
          search: { q: queryOf(patientPairs(text)) },
        });
      }}
    >
      <Icon name="search" />
      <input
        aria-label="Find a patient"
        placeholder="Find a patient by name, birth date (1975-08-12) or number"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
        }}
      />
      <button type="submit" className="button primary">
        Find
      </button>
    </form>
  );
}

const everyChange = changesAsked({});

/** What changed last, but for the audit trail, which would be all of it. */
function LastChanges({ types }: { readonly types: readonly string[] }) {
  const api = useApi();
  const wanted = types.filter((type) => type !== 'AuditEvent').join(',');
  const { data, error, isPending } = useQuery({
    queryKey: [api.version, 'last-changes'],
    queryFn: async ({ signal }) =>
      objectsOf(at((await api.send(`_history?_count=8&_type=${wanted}`, { signal })).json, 'entry')),
    refetchInterval: 30_000,
    retry: false,
  });
  const queries = useQueryClient();
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(waiting.current);
    },
    [],
  );
  // Asked again when something is committed, at most once a second: a bundle tells of each of its entries.
  useSubscription(everyChange, (event) => {
    const change = changeOf(event);
    if (change === undefined || change.type === 'AuditEvent' || waiting.current !== undefined) return;
    waiting.current = setTimeout(() => {
      waiting.current = undefined;
      void queries.invalidateQueries({ queryKey: [api.version, 'last-changes'] });
    }, 1000);
  });
  return (
    <section className="card last-changes">
      <div className="card-head">
        <h2>Last changes</h2>
        <Link className="spread small" to="/$version/live" params={{ version: api.version }}>
          Watch live
        </Link>
      </div>
      {isPending ? (
        <div className="card-body">
          <Loading />
        </div>
      ) : error !== null ? (
        <div className="card-body">
          <Refusal error={error} />
        </div>
      ) : data.length === 0 ? (
        <Empty icon="clock" title="Nothing was written yet">
          <p>
            <code>npm run demo</code> loads a patient with a whole record.
          </p>
        </Empty>
      ) : (
        <ul>
          {data.map((entry, place) => {
            const resource = at(entry, 'resource') as Resource | undefined;
            const [type = '', id = ''] = (textAt(entry, 'request', 'url') ?? '').split('/');
            const when = textAt(entry, 'response', 'lastModified') ?? resource?.meta?.lastUpdated;
            const method = textAt(entry, 'request', 'method');
            return (
              <li key={place}>
                <TypeBadge type={resource?.resourceType ?? type} />
                <Link
                  to="/$version/$type/$id"
                  params={{ version: api.version, type: resource?.resourceType ?? type, id: resource?.id ?? id }}
                  className="last-title"
                >
                  {resource === undefined ? `${type}/${id}` : titleOf(resource)}
                </Link>
                <span className="soft small">
                  {method === 'DELETE' ? 'deleted' : method === 'POST' ? 'created' : 'changed'} <Ago when={when} />
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

/** How far searches are behind writes, and what goes on. */
function State() {
  const api = useApi();
  const { data: capabilities } = useCapabilities();
  const lag = useQuery({
    queryKey: [api.version, 'index-lag'],
    queryFn: async ({ signal }) => {
      const parameters = objectsOf(at((await api.send('$index-lag', { signal })).json, 'parameter'));
      return Number(
        textAt(
          parameters.find((each) => each['name'] === 'seconds'),
          'valueInteger',
        ) ?? '0',
      );
    },
    enabled: capabilities?.operations.includes('index-lag') === true,
    refetchInterval: 60_000,
    retry: false,
  });
  const jobs = useQuery(jobsQuery(api));
  const running = jobs.data?.filter(({ state }) => state === 'running').length ?? 0;
  return (
    <section className="card state" aria-label="State of the server">
      {lag.data === undefined ? null : (
        <p>
          <span className={`chip ${lag.data === 0 ? 'good' : lag.data < 60 ? 'accent' : 'warn'}`}>
            <span className="dot" />
            {lag.data === 0 ? 'up to date' : `${lag.data.toLocaleString()} s behind`}
          </span>
          <span className="soft small">the search index</span>
        </p>
      )}
      {jobs.data === undefined ? null : (
        <p>
          <span className={`chip ${running > 0 ? 'accent' : ''}`}>
            {running > 0 ? `${String(running)} under way` : 'none under way'}
          </span>
          <Link className="small" to="/$version/jobs" params={{ version: api.version }}>
            Jobs
          </Link>
        </p>
      )}
    </section>
  );
}

function Types({ names }: { readonly names: readonly string[] }) {
  const api = useApi();
  const [text, setText] = useState('');
  const [isAll, setAll] = useState(false);
  const groups = inGroups(names);
  const counts = useQueries({
    queries: groups.map(([name, types]) => ({
      queryKey: [api.version, 'counts', name, types],
      queryFn: ({ signal }: { signal: AbortSignal }) => countsOf(api, types, signal),
      staleTime: 60_000,
    })),
  });
  const isKnown = counts.every(({ data }) => data !== undefined);
  const count = (place: number, type: string): number | undefined => counts[place]?.data?.get(type);
  const total = counts.reduce((sum, { data }) => sum + [...(data?.values() ?? [])].reduce((a, b) => a + b, 0), 0);
  const wanted = text.trim().toLowerCase();
  const shown = groups.flatMap(([name, types], place) => {
    const some = types.filter(
      (type) =>
        type.toLowerCase().includes(wanted) && (isAll || wanted !== '' || (isKnown && (count(place, type) ?? 0) > 0)),
    );
    return some.length === 0 ? [] : [{ name, place, types: some }];
  });
  return (
    <section className="stack types">
      <div className="row">
        <h2>What is here</h2>
        {isKnown ? <span className="soft small numbers">{total.toLocaleString()} resources</span> : null}
        <div className="row spread">
          <input
            className="input types-filter"
            aria-label="Filter types"
            placeholder="Filter types"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
          <button
            type="button"
            className="button"
            aria-pressed={isAll}
            onClick={() => {
              setAll(!isAll);
            }}
          >
            {isAll ? 'Only what is there' : `All ${String(names.length)} types`}
          </button>
        </div>
      </div>
      {isKnown && total === 0 && !isAll && wanted === '' ? (
        <div className="card">
          <Empty icon="plus" title="There are no resources that you may see">
            <p>
              Load a patient with <code>npm run demo</code>, your own bundles with <code>npm run load</code>, or choose
              a type and create one.
            </p>
          </Empty>
        </div>
      ) : null}
      {isKnown || isAll || wanted !== '' ? null : (
        <div className="type-groups" role="status" aria-label="Counting what is here">
          {groups.slice(0, 6).map(([name]) => (
            <div key={name} className="card type-group" aria-hidden="true">
              <h3>{name}</h3>
              {[80, 60, 70].map((width) => (
                <span key={width} className="loading" style={{ width: `${String(width)}%` }} />
              ))}
            </div>
          ))}
        </div>
      )}
      <div className="type-groups">
        {shown.map(({ name, place, types }) => (
          <div key={name} className="card type-group">
            <h3>{name}</h3>
            <ul>
              {types.map((type) => (
                <li key={type}>
                  <Link to="/$version/$type" params={{ version: api.version, type }}>
                    <TypeBadge type={type} />
                    <span className="numbers spread">{count(place, type)?.toLocaleString() ?? '–'}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  );
}

/** Home: a patient to find, what there is, what goes on, what changed last. */
export function Home() {
  const { version } = useApi();
  const { state } = useSession();
  const capabilities = useCapabilities();
  const permissions = usePermissions();
  const names = capabilities.data?.names.filter((type) => permissions.data?.may('search', type) !== 'no');
  const past = permissions.data?.rules.flatMap((rule) => (rule.interaction === 'history' ? rule.types : [])) ?? [];
  const sees = permissions.data?.may('search', 'Patient') !== 'no';
  return (
    <>
      <PageHead
        title="Home"
        lead={
          permissions.data === undefined
            ? `FHIR ${versionName(version)}`
            : `Signed in as ${permissions.data.username}. This is what you may see of FHIR ${versionName(version)}.`
        }
      />
      {state === 'open' ? (
        <Notice kind="warn">
          <p>Sign-in is off on this server: who reaches it reads and writes everything.</p>
        </Notice>
      ) : null}
      {permissions.error === null ? null : <Refusal error={permissions.error} />}
      {sees ? <FindPatient /> : null}
      <div className="home-columns">
        {names === undefined || permissions.data === undefined ? (
          <Loading lines={8} />
        ) : names.length === 0 ? (
          <div className="card">
            <Empty icon="shield" title="Your role sees no resources">
              <p>What you may do instead stands under “What I may do”.</p>
            </Empty>
          </div>
        ) : (
          <Types names={names} />
        )}
        <div className="stack home-side">
          {permissions.data === undefined ? null : <State />}
          {past.length === 0 ? null : <LastChanges types={past} />}
        </div>
      </div>
    </>
  );
}
