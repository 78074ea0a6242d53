import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { CopyAs } from '../components/CopyAs.js';
import { Choose, Combo, PageHead } from '../components/fields.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Refusal } from '../components/Said.js';
import type { Reply } from '../fhir/api.js';
import { requestWrittenAs, withBody } from '../fhir/copy-as.js';
import { headersOf } from '../fhir/headers.js';
import { type ExampleGroup, type ExampleRequest, requestsOf } from '../fhir/postman.js';
import { useApi, useCapabilities } from '../session/queries.js';
import { useSession } from '../session/session.js';
import { consoleUrl } from '../session/settings.js';
import { useKept } from '../session/visit.js';
import { entriesOf, Outcomes } from './rest/Outcomes.js';
import '../style/rest.css';

const Code = lazy(() => import('../components/Code.js'));
const JsonEditor = lazy(() => import('../components/JsonEditor.js'));

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];

/** A request of this visit, and what came back; kept in memory only. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: string;
  readonly body: string;
  readonly reply: Reply;
  readonly milliseconds: number;
}

const get = (name: string, path: string): ExampleRequest => ({ name, method: 'GET', path, headers: '', body: '' });

const firstSteps: ExampleGroup = {
  name: 'First steps',
  requests: [
    get('The first patients', 'Patient?_count=5'),
    get('Patients by name and birth date', 'Patient?name=lemke&birthdate=ge2020'),
    get(
      'Latest body heights, with their patients',
      'Observation?code=http://loinc.org|8302-2&_sort=-date&_include=Observation:subject&_count=5',
    ),
    get('Last changes of everything', '_history?_count=10'),
    get('What I may do', '$permissions'),
  ],
};

/** The requests of the Postman collection, which the console is shipped with. */
function useExamples(patient: string | undefined) {
  return useQuery({
    queryKey: ['requests'],
    queryFn: async ({ signal }) => {
      const reply = await fetch(new URL(import.meta.env.REQUESTS, consoleUrl()), { signal });
      const variables = {
        guid: crypto.randomUUID(),
        mrn: crypto.randomUUID().slice(0, 8),
        isoTimestamp: new Date(Date.now() - 3_600_000).toISOString(),
        genderSystem: 'http://hl7.org/fhir/administrative-gender',
        ...(patient === undefined ? {} : { patientId: patient }),
      };
      return [firstSteps, ...requestsOf(await reply.json(), variables)];
    },
    staleTime: Infinity,
  });
}

/** JSON laid out to be read; other bodies as they are. */
const laidOut = (body: string): string => {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
};

const pretty = ({ json: value, text }: Reply): string => (value === undefined ? text : JSON.stringify(value, null, 2));

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
        <span className="soft small numbers spread">
          {asked.milliseconds} ms · {Math.ceil(reply.text.length / 1024)} KB
        </span>
      </div>
      <pre className="rest-headers small soft">{headers.join('\n')}</pre>
      <Outcomes entries={entriesOf(asked.body, reply)} />
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
  const { settings } = useSession();
  const { data: examples } = useExamples(settings.local?.demoPatient);
  const [headers, setHeaders] = useKept(`rest-${api.version}-headers`, '');
  const [body, setBody] = useKept(`rest-${api.version}-body`, '');
  const [asked, setAsked] = useKept<readonly Asked[]>(`rest-${api.version}-asked`, []);
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
    const begun = performance.now();
    api
      .send(path.replace(/^\//, ''), {
        method,
        headers: headersOf(headers),
        ...(withBody.includes(method) ? { body } : {}),
        takesErrors: true,
      })
      .then((reply) => {
        const milliseconds = Math.round(performance.now() - begun);
        setAsked([{ method, path, headers, body, reply, milliseconds }, ...asked].slice(0, 30));
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
          choices={[{ id: '', text: 'Examples…' }]}
          groups={(examples ?? []).map(({ name, requests }) => ({
            name,
            choices: requests.map((each) => ({ id: `${name}: ${each.name}`, text: each.name })),
          }))}
          value=""
          onChange={(id) => {
            const example = examples
              ?.flatMap(({ name, requests }) => requests.map((each) => ({ ...each, id: `${name}: ${each.name}` })))
              .find((each) => each.id === id);
            if (example === undefined) return;
            set({ method: example.method, path: example.path });
            setHeaders(example.headers);
            setBody(laidOut(example.body));
          }}
        />
        <CopyAs label="Copy as" written={requestWrittenAs(`${api.base}/${path}`, { method, headers, body })} />
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
          <div className="stack rest-body">
            <div className="row">
              <span className="label">Body</span>
              <label className="button spread">
                <Icon name="up" />
                Open a file
                <input
                  type="file"
                  className="hidden-visually"
                  accept=".json,.ndjson,application/json,application/fhir+json"
                  onChange={(event) => {
                    const [file] = event.target.files ?? [];
                    event.target.value = '';
                    if (file === undefined) return;
                    void file.text().then((text) => {
                      setBody(text);
                      if (path === '' && method !== 'POST') set({ method: 'POST' });
                    });
                  }}
                />
              </label>
            </div>
            <Suspense fallback={<Loading lines={6} />}>
              <JsonEditor text={body} label="Body" onChange={setBody} />
            </Suspense>
          </div>
        ) : null}
      </form>
      {error === undefined ? null : <Refusal error={error} />}
      {current === undefined ? (
        <div className="card">
          <Empty icon="request" title="No request was sent yet">
            <p>Type a path, or take an example. Answers stay here until the tab is closed; nothing of them is kept.</p>
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
