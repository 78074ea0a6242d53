import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { ConnectionChip, ConnectionFailure, useSubscription } from '../components/Connection.js';
import { Combo, PageHead, TextField } from '../components/fields.js';
import { Icon } from '../components/Icon.js';
import { Empty } from '../components/Said.js';
import { TypeBadge } from '../components/TypeBadge.js';
import { type Change, changeOf, changesAsked } from '../fhir/realtime.js';
import { useApi, useCapabilities } from '../session/queries.js';
import '../style/rest.css';

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const kinds = { create: 'good', update: 'accent', patch: 'accent', delete: 'bad' } as const;
const all = ['create', 'update', 'patch', 'delete'] as const;
const most = 500;

/** Changes as they are committed, by REST or GraphQL, as far as the person may see them. */
export function Live() {
  const api = useApi();
  const { data: capabilities } = useCapabilities();
  const [type, setType] = useState('');
  const [patient, setPatient] = useState('');
  const [isPaused, setPaused] = useState(false);
  const [left, setLeft] = useState<readonly Change['action'][]>([]);
  const [changes, setChanges] = useState<readonly Change[]>([]);
  const isType = type === '' || capabilities?.types.has(type) === true;
  const compartment =
    patient.trim() === '' ? undefined : patient.includes('/') ? patient.trim() : `Patient/${patient.trim()}`;
  const wanted = useMemo(() => all.filter((each) => !left.includes(each)), [left]);
  const asked = useMemo(
    () =>
      isPaused || !isType || wanted.length === 0
        ? undefined
        : changesAsked({
            ...(type === '' ? {} : { type }),
            ...(compartment === undefined ? {} : { compartment }),
            ...(wanted.length === all.length ? {} : { actions: wanted }),
          }),
    [type, isType, compartment, wanted, isPaused],
  );
  const connection = useSubscription(asked, (event) => {
    const change = changeOf(event);
    if (change === undefined) return;
    // A change may be told twice: what is known is dropped.
    setChanges((known) =>
      known.some((each) => each.type === change.type && each.id === change.id && each.versionId === change.versionId)
        ? known
        : [change, ...known].slice(0, most),
    );
  });
  return (
    <>
      <PageHead
        title="Live changes"
        lead="Every change that you may see, in the moment it is committed, whether it came by REST or GraphQL."
      >
        <ConnectionChip connection={connection} open="listening" isPaused={isPaused} />
        <button
          type="button"
          className="button"
          onClick={() => {
            setPaused(!isPaused);
          }}
        >
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </PageHead>
      <div className="live-form">
        <Combo
          label="Type"
          isFree
          placeholder="every type"
          choices={(capabilities?.names ?? []).map((id) => ({ id }))}
          value={type}
          onChange={setType}
        />
        <TextField
          label="Only of the patient"
          placeholder="id, or Encounter/id"
          value={patient}
          onChange={setPatient}
        />
        <div className="field">
          <span className="label" id="live-actions">
            What happens
          </span>
          <div className="row live-actions" role="group" aria-labelledby="live-actions">
            {all.map((action) => (
              <button
                key={action}
                type="button"
                className="filter"
                aria-pressed={!left.includes(action)}
                onClick={() => {
                  setLeft(left.includes(action) ? left.filter((each) => each !== action) : [...left, action]);
                }}
              >
                {action}
              </button>
            ))}
          </div>
        </div>
        <button
          type="button"
          className="button"
          disabled={changes.length === 0}
          onClick={() => {
            setChanges([]);
          }}
        >
          Clear
        </button>
      </div>
      <ConnectionFailure connection={connection} />
      <section className="card" aria-label="Changes">
        {changes.length === 0 ? (
          <Empty icon="live" title="Nothing has changed since you opened this page">
            <p>
              Leave it open and save something in another window, or run <code>npm run demo</code>.
            </p>
          </Empty>
        ) : (
          <ol className="live-list" aria-live="polite">
            {changes.map((change) => (
              <li key={`${change.type}/${change.id}/${change.versionId}`}>
                <span className="numbers soft small">{time.format(new Date(change.lastUpdated))}</span>
                <span>
                  <span className={`chip ${kinds[change.action]}`}>{change.action}</span>
                </span>
                <TypeBadge type={change.type} />
                <Link to="/$version/$type/$id" params={{ version: api.version, type: change.type, id: change.id }}>
                  <code>{change.id}</code>
                </Link>
                <span className="soft small numbers">version {change.versionId}</span>
              </li>
            ))}
          </ol>
        )}
      </section>
    </>
  );
}
