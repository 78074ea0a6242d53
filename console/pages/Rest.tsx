import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Choose, Combo, PageHead } from '../components/fields.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Refusal } from '../components/Said.js';
import type { Reply } from '../fhir/api.js';
import { at, objectsOf, textAt } from '../fhir/json.js';
import { issuesOf } from '../fhir/outcome.js';
import { useApi, useCapabilities } from '../session/queries.js';
import '../style/rest.css';

const Code = lazy(() => import('../components/Code.js'));

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];
const withBody = ['POST', 'PUT', 'PATCH'];

/** A request of this visit, and what came back; kept in memory only. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: string;
  readonly body: string;
  readonly reply: Reply;
}

interface Example {
  readonly text: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: string;
  readonly body?: string;
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);

const examples: readonly Example[] = [
  { text: 'What the server does', method: 'GET', path: 'metadata' },
  { text: 'The first patients', method: 'GET', path: 'Patient?_count=5' },
  { text: 'Patients by name and birth date', method: 'GET', path: 'Patient?name=lemke&birthdate=ge2020' },
  {
    text: 'Latest body heights, with their patients',
    method: 'GET',
    path: 'Observation?code=http://loinc.org|8302-2&_sort=-date&_include=Observation:subject&_count=5',
  },
  { text: 'Last changes of everything', method: 'GET', path: '_history?_count=10' },
  {
    text: 'Make a patient',
    method: 'POST',
    path: 'Patient',
    body: json({ resourceType: 'Patient', name: [{ family: 'Windsor', given: ['Ada'] }], gender: 'female' }),
  },
  {
    text: 'Say whether a patient is valid',
    method: 'POST',
    path: 'Patient/$validate',
    body: json({ resourceType: 'Patient', gender: 'woman' }),
  },
  {
    text: 'Several requests in one bundle',
    method: 'POST',
    path: '',
    body: json({
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: 'Patient?_summary=count' } },
        { request: { method: 'GET', url: 'Observation?_summary=count' } },
        { request: { method: 'GET', url: 'Nothing/1' } },
      ],
    }),
  },
  {
    text: 'Change one element by JSON Patch',
    method: 'PATCH',
    path: 'Patient/[id]',
    headers: 'Content-Type: application/json-patch+json',
    body: json([{ op: 'add', path: '/active', value: true }]),
  },
];

const headersOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]] : [];
    }),
  );

const pretty = ({ json: value, text }: Reply): string => (value === undefined ? text : JSON.stringify(value, null, 2));

/** How each entry of a bundle ended. */
function Outcomes({ reply }: { readonly reply: Reply }) {
  const entries = objectsOf(at(reply.json, 'entry')).filter((entry) => 'response' in entry);
  if (!/-response$/.test(textAt(reply.json, 'type') ?? '') || entries.length === 0) return null;
  return (
    <div className="table-box">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Entry</th>
            <th scope="col">Status</th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry, place) => {
            const status = textAt(entry, 'response', 'status') ?? '';
            const issues = issuesOf(at(entry, 'response', 'outcome'));
            return (
              <tr key={place}>
                <td className="numbers">{place + 1}</td>
                <td>
                  <span className={`chip ${status.startsWith('2') ? 'good' : 'bad'}`}>{status}</span>
                </td>
                <td>
                  {issues.length > 0
                    ? issues.map(({ text }) => text).join(' ')
                    : (textAt(entry, 'response', 'location') ??
                      [textAt(entry, 'resource', 'resourceType'), textAt(entry, 'resource', 'total')]
                        .filter((each) => each !== undefined)
                        .join(', total '))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const shownHeaders = ['content-type', 'etag', 'location', 'content-location', 'last-modified', 'x-consistency'];

function Answer({ asked }: { readonly asked: Asked }) {
  const { reply } = asked;
  const headers = shownHeaders.flatMap((name) => {
    const value = reply.headers.get(name);
    return value === null ? [] : [`${name}: ${value}`];
  });
  return (
    <section className="card" aria-label="Answer">
      <div className="card-head">
        <span className={`chip ${reply.status < 400 ? 'good' : 'bad'}`} role="status">
          {reply.status}
        </span>
        <code className="rest-path">
          {asked.method} {asked.path}
        </code>
      </div>
      <pre className="rest-headers small soft">{headers.join('\n')}</pre>
      <Outcomes reply={reply} />
      {reply.text === '' ? (
        <p className="card-body soft">The answer has no body.</p>
      ) : (
        <Suspense fallback={<Loading />}>
          <Code text={pretty(reply)} label="Body of the answer" />
        </Suspense>
      )}
    </section>
  );
}

/** Any request of the REST API, and its answer. */
export function Rest() {
  const api = useApi();
  const navigate = useNavigate();
  const { method = 'GET', path = '' } = useSearch({ from: '/$version/rest' });
  const { data: capabilities } = useCapabilities();
  const [headers, setHeaders] = useState('');
  const [body, setBody] = useState('');
  const [asked, setAsked] = useState<readonly Asked[]>([]);
  const [shown, setShown] = useState(0);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const set = (changed: { method?: string; path?: string }): void => {
    void navigate({
      to: '/$version/rest',
      params: { version: api.version },
      search: { method, path, ...changed },
      replace: true,
    });
  };
  const send = (): void => {
    setBusy(true);
    setError(undefined);
    api
      .send(path.replace(/^\//, ''), {
        method,
        headers: headersOf(headers),
        ...(withBody.includes(method) ? { body } : {}),
        takesErrors: true,
      })
      .then((reply) => {
        setAsked([{ method, path, headers, body, reply }, ...asked].slice(0, 30));
        setShown(0);
      })
      .catch(setError)
      .finally(() => {
        setBusy(false);
      });
  };
  const current = asked[shown];
  return (
    <>
      <PageHead
        title="REST"
        lead={
          <>
            Any request below <code>{api.base}</code>, sent as you.
          </>
        }
      >
        <Choose
          label="Examples"
          isLabelHidden
          choices={[{ id: '', text: 'Examples…' }, ...examples.map(({ text }) => ({ id: text }))]}
          value=""
          onChange={(text) => {
            const example = examples.find((each) => each.text === text);
            if (example === undefined) return;
            set({ method: example.method, path: example.path });
            setHeaders(example.headers ?? '');
            setBody(example.body ?? '');
          }}
        />
      </PageHead>
      <form
        className="card card-body stack"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <div className="rest-line">
          <Choose
            label="Method"
            isLabelHidden
            choices={methods.map((id) => ({ id }))}
            value={method}
            onChange={(chosen) => {
              set({ method: chosen });
            }}
          />
          <Combo
            label="Path"
            isLabelHidden
            isFree
            placeholder="Patient?_count=5"
            choices={['metadata', '_history', '$permissions', ...(capabilities?.names ?? [])].map((id) => ({ id }))}
            value={path}
            onChange={(typed) => {
              set({ path: typed });
            }}
          />
          <button type="submit" className="button primary" disabled={isBusy}>
            <Icon name="play" />
            Send
          </button>
        </div>
        <details open={headers !== ''}>
          <summary className="small">Headers</summary>
          <textarea
            className="input"
            aria-label="Headers, one a line"
            rows={3}
            spellCheck={false}
            placeholder={'If-Match: W/"1"\nPrefer: return=minimal'}
            value={headers}
            onChange={(event) => {
              setHeaders(event.target.value);
            }}
          />
        </details>
        {withBody.includes(method) ? (
          <label className="field">
            <span className="label">Body</span>
            <textarea
              className="input"
              rows={10}
              spellCheck={false}
              value={body}
              onChange={(event) => {
                setBody(event.target.value);
              }}
            />
          </label>
        ) : null}
      </form>
      {error === undefined ? null : <Refusal error={error} />}
      {current === undefined ? (
        <div className="card">
          <Empty icon="request" title="No request was sent yet">
            <p>Type a path, or take an example. Answers stay here until you leave; nothing of them is kept.</p>
          </Empty>
        </div>
      ) : (
        <div className="rest-columns">
          <Answer asked={current} />
          <section className="card" aria-label="Requests so far">
            <div className="card-head">
              <h2>So far</h2>
            </div>
            <ol className="rest-history">
              {asked.map((each, place) => (
                <li key={asked.length - place}>
                  <button
                    type="button"
                    aria-pressed={place === shown}
                    onClick={() => {
                      setShown(place);
                      set({ method: each.method, path: each.path });
                      setHeaders(each.headers);
                      setBody(each.body);
                    }}
                  >
                    <span className={`chip ${each.reply.status < 400 ? 'good' : 'bad'}`}>{each.reply.status}</span>
                    <code>
                      {each.method} {each.path}
                    </code>
                  </button>
                </li>
              ))}
            </ol>
          </section>
        </div>
      )}
    </>
  );
}
