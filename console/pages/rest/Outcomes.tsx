import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { targetOf } from '../../components/target.js';
import type { Reply } from '../../fhir/api.js';
import { at, objectsOf, textAt } from '../../fhir/json.js';
import { issuesOf } from '../../fhir/outcome.js';
import { useVersion } from '../../session/queries.js';

/** How one entry of a bundle ended. */
interface Entry {
  readonly place: number;
  /** What was asked, where that is known. */
  readonly asked: string;
  readonly status: string;
  readonly isDone: boolean;
  readonly text: string;
  /** The resource that was written or read. */
  readonly reference: string | undefined;
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** How each entry of a bundle ended; none when the answer is to something else. */
export function entriesOf(sent: string, reply: Reply): readonly Entry[] {
  const entries = objectsOf(at(reply.json, 'entry')).filter((entry) => 'response' in entry);
  if (!/-response$/.test(textAt(reply.json, 'type') ?? '')) return [];
  const asked = objectsOf(at(parsed(sent), 'entry'));
  return entries.map((entry, place): Entry => {
    const status = textAt(entry, 'response', 'status') ?? '';
    const issues = issuesOf(at(entry, 'response', 'outcome'));
    const [type, id] = [textAt(entry, 'resource', 'resourceType'), textAt(entry, 'resource', 'id')];
    const total = textAt(entry, 'resource', 'total');
    const read = type === undefined || type === 'Bundle' || id === undefined ? undefined : `${type}/${id}`;
    return {
      place,
      asked: [textAt(asked[place], 'request', 'method'), textAt(asked[place], 'request', 'url')].join(' ').trim(),
      status,
      isDone: /^[23]/.test(status),
      text: issues.length > 0 ? issues.map(({ text }) => text).join(' ') : total === undefined ? '' : `${total} found`,
      reference: textAt(entry, 'response', 'location') ?? read,
    };
  });
}

/** So many entries are shown without being asked for, those that were refused first. */
const most = 100;

/** How each entry of a bundle ended: those that were not done first. */
export function Outcomes({ entries }: { readonly entries: readonly Entry[] }) {
  const version = useVersion();
  const [isAll, setAll] = useState(false);
  if (entries.length === 0) return null;
  const refused = entries.filter(({ isDone }) => !isDone);
  const ordered = [...refused, ...entries.filter(({ isDone }) => isDone)];
  const shown = isAll ? ordered : ordered.slice(0, most);
  return (
    <div className="rest-outcomes">
      <p className="row card-body">
        <strong className="numbers">
          {(entries.length - refused.length).toLocaleString()} of {entries.length.toLocaleString()} entries were done
        </strong>
        {refused.length === 0 ? null : (
          <span className="chip bad numbers">{refused.length.toLocaleString()} were not</span>
        )}
      </p>
      <div className="table-box" tabIndex={0} role="group" aria-label="Entries">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Entry</th>
              <th scope="col">Asked</th>
              <th scope="col">Status</th>
              <th scope="col">What came of it</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ place, asked, status, isDone, text, reference }) => {
              const target = targetOf(reference?.replace(/\/_history\/.*/, ''));
              return (
                <tr key={place}>
                  <td className="numbers">{place + 1}</td>
                  <td>
                    <code className="rest-path">{asked}</code>
                  </td>
                  <td>
                    <span className={`chip ${isDone ? 'good' : 'bad'}`}>{status}</span>
                  </td>
                  <td>
                    {target === undefined ? null : (
                      <Link to="/$version/$type/$id" params={{ version, ...target }}>
                        {`${target.type}/${target.id}`}
                      </Link>
                    )}{' '}
                    {text}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {shown.length < ordered.length ? (
        <p className="card-body">
          <button
            type="button"
            className="button"
            onClick={() => {
              setAll(true);
            }}
          >
            All {ordered.length.toLocaleString()} entries
          </button>
        </p>
      ) : null}
    </div>
  );
}
