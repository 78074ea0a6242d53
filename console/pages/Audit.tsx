import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Choose, Combo, PageHead, TextField } from '../components/fields.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Refusal } from '../components/Said.js';
import { Titles, useTitles } from '../components/Titles.js';
import { targetOf } from '../components/target.js';
import { type Access, accessOf, type AuditFilter, auditQuery, interactionWords } from '../fhir/audit.js';
import { nextPageOf, resourcesOf } from '../fhir/bundle.js';
import { type Resource, textAt } from '../fhir/json.js';
import { dateText } from '../fhir/text.js';
import { useApi, useCapabilities, useVersion } from '../session/queries.js';
import '../style/audit.css';

const blank: AuditFilter = { who: '', patient: '', about: '', what: '', outcome: '', from: '', until: '' };

const outcomes = [
  { id: '', text: 'whatever came of it' },
  { id: '0', text: 'done' },
  { id: '4', text: 'refused' },
  { id: '8', text: 'failed' },
];
const interactions = [
  { id: '', text: 'anything' },
  ...Object.entries(interactionWords).map(([id, text]) => ({ id, text: `${text} (${id})` })),
  { id: 'operation', text: 'ran an operation' },
];
const kinds = { done: 'good', refused: 'warn', failed: 'bad' } as const;

/** A resource as a link; a type, or what is elsewhere, as it is. */
function Target({ reference }: { readonly reference: string }) {
  const version = useVersion();
  const titles = useTitles();
  const target = targetOf(reference);
  if (target === undefined) return <span>{reference}</span>;
  return (
    <Link to="/$version/$type/$id" params={{ version, ...target }} title={reference}>
      {titles.get(reference) ?? reference}
    </Link>
  );
}

function Row({ access, onWho }: { readonly access: Access; readonly onWho: (who: string) => void }) {
  const version = useVersion();
  const { id, when, who, client, what, targets, patient, outcome, reason } = access;
  return (
    <tr>
      <td className="audit-when" data-label="When">
        <Link to="/$version/$type/$id" params={{ version, type: 'AuditEvent', id }}>
          {dateText(when)}
        </Link>
      </td>
      <td data-label="Who">
        <button
          type="button"
          className="link"
          title={`Only what ${who} did`}
          onClick={() => {
            onWho(who);
          }}
        >
          {who}
        </button>
        {client === undefined ? null : <div className="soft small audit-client">{client}</div>}
      </td>
      <td className="audit-what" data-label="What">
        {what}{' '}
        {targets.slice(0, 4).map((each, place) => (
          <span key={each}>
            {place > 0 ? ', ' : ''}
            <Target reference={each} />
          </span>
        ))}
        {targets.length > 4 ? ` and ${String(targets.length - 4)} more` : ''}
        {reason === undefined ? null : <div className="audit-reason small">{reason}</div>}
      </td>
      <td data-label="Record">{patient === undefined ? null : <Target reference={patient} />}</td>
      <td data-label="Outcome">
        <span className={`chip ${kinds[outcome]}`}>{outcome}</span>
      </td>
    </tr>
  );
}

/** Who did what, when, and why something was refused: the audit trail for who may see it. */
export function Audit() {
  const api = useApi();
  const navigate = useNavigate();
  const { data: capabilities } = useCapabilities();
  const asked = { ...blank, ...useSearch({ from: '/$version/audit' }) };
  const [filter, setFilter] = useState<AuditFilter>(asked);
  const query = auditQuery(asked);
  const go = (next: AuditFilter): void => {
    setFilter(next);
    void navigate({ to: '/$version/audit', params: { version: api.version }, search: next });
  };
  const set = (changed: Partial<AuditFilter>): void => {
    setFilter({ ...filter, ...changed });
  };
  const found = useInfiniteQuery({
    queryKey: [api.version, 'audit', query],
    queryFn: async ({ pageParam, signal }) => (await api.send(pageParam, { signal })).json,
    initialPageParam: `AuditEvent?_sort=-date&_count=50${query === '' ? '' : `&${query}`}`,
    getNextPageParam: (bundle: unknown) => nextPageOf(api, bundle),
    staleTime: 0,
  });
  const refused = useQuery({
    queryKey: [api.version, 'audit-refused', query],
    queryFn: async ({ signal }) => {
      const path = `AuditEvent?_summary=count&${auditQuery({ ...asked, outcome: '4' })}`;
      return Number(textAt((await api.send(path, { signal })).json, 'total') ?? '0');
    },
    enabled: asked.outcome === '',
    staleTime: 0,
  });
  const events = (found.data?.pages ?? []).flatMap((bundle) => resourcesOf(bundle, 'match'));
  const accesses = events.map(accessOf);
  const total = textAt(found.data?.pages[0], 'total');
  // Patients by their names: entities refer to them without saying these.
  const patients = [...new Set(accesses.flatMap(({ patient }) => (patient === undefined ? [] : [patient])))];
  const named: Resource = { resourceType: 'AuditEvent', entity: patients.map((reference) => ({ reference })) };
  return (
    <>
      <PageHead
        title="Audit"
        lead="Who did what to whose record, when, and why something was refused. Nothing of what the records hold is in it."
      />
      <form
        className="card card-body audit-form"
        role="search"
        aria-label="Search the audit trail"
        onSubmit={(event) => {
          event.preventDefault();
          go(filter);
        }}
      >
        <TextField
          label="Who"
          placeholder="name of a user"
          value={filter.who}
          onChange={(who) => {
            set({ who });
          }}
        />
        <TextField
          label="Whose record"
          placeholder="id of a patient"
          value={filter.patient}
          onChange={(patient) => {
            set({ patient });
          }}
        />
        <Choose
          label="Did"
          choices={interactions}
          value={filter.what}
          onChange={(what) => {
            set({ what });
          }}
        />
        <Combo
          label="To"
          isFree
          placeholder="a type, or Observation/id"
          choices={(capabilities?.names ?? []).map((id) => ({ id }))}
          value={filter.about}
          onChange={(about) => {
            set({ about });
          }}
        />
        <Choose
          label="Outcome"
          choices={outcomes}
          value={filter.outcome}
          onChange={(outcome) => {
            set({ outcome });
          }}
        />
        <TextField
          label="From"
          type="date"
          value={filter.from}
          onChange={(from) => {
            set({ from });
          }}
        />
        <TextField
          label="Until"
          type="date"
          value={filter.until}
          onChange={(until) => {
            set({ until });
          }}
        />
        <div className="row audit-buttons">
          <button type="submit" className="button primary">
            <Icon name="search" />
            Search
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              go({ ...blank, outcome: '4' });
            }}
          >
            Refusals
          </button>
          <button
            type="button"
            className="button quiet"
            disabled={query === ''}
            onClick={() => {
              go(blank);
            }}
          >
            All
          </button>
        </div>
      </form>
      {found.error !== null ? (
        <Refusal error={found.error} />
      ) : found.data === undefined ? (
        <Loading lines={8} />
      ) : (
        <section className="card" aria-label="What was done" aria-busy={found.isFetching}>
          <div className="card-head">
            <h2 className="numbers" role="status">
              {Number(total ?? accesses.length).toLocaleString()} {total === '1' ? 'event' : 'events'}
            </h2>
            {refused.data === undefined || asked.outcome !== '' || refused.data === 0 ? null : (
              <span className="chip warn numbers">{refused.data.toLocaleString()} refused</span>
            )}
            <Link
              className="spread small"
              to="/$version/$type"
              params={{ version: api.version, type: 'AuditEvent' }}
              search={{ q: query }}
            >
              As a search
            </Link>
          </div>
          {accesses.length === 0 ? (
            <Empty icon="audit" title={query === '' ? 'Nothing is recorded' : 'Nothing like it is recorded'}>
              <p>
                {query === ''
                  ? 'This server keeps an audit trail when it is started with AUDIT=on; every request is an event then.'
                  : 'Leave a condition out, or look at a longer time.'}
              </p>
            </Empty>
          ) : (
            <Titles resources={[named]} known={[]}>
              <div className="table-box" tabIndex={0} role="group" aria-label="Events">
                <table className="table results audit-table">
                  <thead>
                    <tr>
                      <th scope="col">When</th>
                      <th scope="col">Who</th>
                      <th scope="col">What</th>
                      <th scope="col">Whose record</th>
                      <th scope="col">Outcome</th>
                    </tr>
                  </thead>
                  <tbody>
                    {accesses.map((access) => (
                      <Row
                        key={access.id}
                        access={access}
                        onWho={(who) => {
                          go({ ...asked, who });
                        }}
                      />
                    ))}
                  </tbody>
                </table>
              </div>
            </Titles>
          )}
          {found.hasNextPage ? (
            <div className="row paging">
              <button
                type="button"
                className="button"
                disabled={found.isFetchingNextPage}
                onClick={() => void found.fetchNextPage()}
              >
                Earlier events
              </button>
            </div>
          ) : null}
        </section>
      )}
    </>
  );
}
