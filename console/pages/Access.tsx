import { useState } from 'react';
import { Facts } from '../components/Facts.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Notice, Refusal } from '../components/Said.js';
import { PageHead } from '../components/fields.js';
import { TypeBadge } from '../components/TypeBadge.js';
import { inGroups } from '../fhir/groups.js';
import type { Permissions } from '../fhir/permissions.js';
import { versionName } from '../fhir/version.js';
import { useApi, useCapabilities, usePermissions } from '../session/queries.js';
import '../style/access.css';

const columns = ['search', 'read', 'history', 'create', 'update', 'patch', 'delete'] as const;

function Who({ permissions }: { readonly permissions: Permissions }) {
  const { username, groups, scopes, fhirUser, patient, client } = permissions;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Name', username],
    ['Groups', groups.length === 0 ? 'none: no rule speaks of you' : groups.join(', ')],
    ['You are', fhirUser],
    ['Patient in context', patient],
    ['Scopes', scopes.join(' ')],
    ['Application', client],
    [
      'On the whole server',
      ['batch', 'transaction', 'reindex'].filter((each) => permissions.mayOnServer(each)).join(', ') || 'nothing',
    ],
  ];
  return (
    <section className="card">
      <div className="card-head">
        <h2>Who you are</h2>
      </div>
      <Facts facts={facts} className="access-facts card-body" />
    </section>
  );
}

const marks = {
  yes: { icon: 'check', text: 'yes' },
  partly: { icon: 'user', text: 'in part' },
  no: { icon: undefined, text: 'no' },
} as const;

function Table({ permissions, names }: { readonly permissions: Permissions; readonly names: readonly string[] }) {
  const [isAll, setAll] = useState(false);
  const open = names.filter((type) => columns.some((each) => permissions.may(each, type) !== 'no'));
  const limits = [...new Set(permissions.rules.flatMap((rule) => rule.limits))];
  const shown = isAll ? names : open;
  return (
    <section className="card">
      <div className="card-head">
        <h2>What you may do</h2>
        <span className="soft small">
          {open.length} of {names.length} types
        </span>
        {open.length === names.length ? null : (
          <button
            type="button"
            className="button spread"
            aria-pressed={isAll}
            onClick={() => {
              setAll(!isAll);
            }}
          >
            {isAll ? 'Only what is open' : 'Show all types'}
          </button>
        )}
      </div>
      {limits.length === 0 ? null : (
        <div className="card-body">
          <Notice>
            <p>
              “In part” means only what belongs to {limits.join(', or ')}. Everything else is as if it were not there.
            </p>
          </Notice>
        </div>
      )}
      {shown.length === 0 ? (
        <Empty icon="shield" title="No resource type is open to you">
          <p>Rules speak of groups. Ask whoever runs this server to put you into one.</p>
        </Empty>
      ) : (
        <div className="table-box" tabIndex={0} role="group" aria-label="Types and what is open">
          <table className="table access-table">
            <thead>
              <tr>
                <th scope="col">Type</th>
                {columns.map((each) => (
                  <th key={each} scope="col">
                    {each}
                  </th>
                ))}
              </tr>
            </thead>
            {inGroups(shown).map(([group, types]) => (
              <tbody key={group}>
                <tr className="access-group">
                  <th colSpan={columns.length + 1} scope="rowgroup">
                    {group}
                  </th>
                </tr>
                {types.map((type) => (
                  <tr key={type}>
                    <th scope="row">
                      <TypeBadge type={type} />
                    </th>
                    {columns.map((each) => {
                      const answer = permissions.may(each, type);
                      const { icon, text } = marks[answer];
                      return (
                        <td key={each} className={`access-${answer}`}>
                          {icon === undefined ? <span aria-hidden="true">·</span> : <Icon name={icon} />}
                          <span className="hidden-visually">{text}</span>
                        </td>
                      );
                    })}
                  </tr>
                ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </section>
  );
}

/** Who somebody is and what they may do, from the rules that the server decides by. */
export function Access() {
  const { version } = useApi();
  const capabilities = useCapabilities();
  const permissions = usePermissions();
  const error = permissions.error ?? capabilities.error;
  return (
    <>
      <PageHead
        title="What I may do"
        lead={`From the rules by which the server decides on every request, for FHIR ${versionName(version)}. What is not open is refused, and the refusal says why.`}
      />
      {error !== null ? (
        <Refusal error={error} />
      ) : permissions.data === undefined || capabilities.data === undefined ? (
        <Loading lines={8} />
      ) : (
        <>
          <Who permissions={permissions.data} />
          <Table permissions={permissions.data} names={capabilities.data.names} />
        </>
      )}
    </>
  );
}
