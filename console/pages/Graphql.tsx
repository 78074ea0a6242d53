import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { Choose, PageHead } from '../components/fields.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Refusal } from '../components/Said.js';
import { graphqlExamples } from '../fhir/graphql-examples.js';
import type { FhirVersion } from '../fhir/version.js';
import { useApi } from '../session/queries.js';
import { useSession } from '../session/session.js';
import { consoleUrl } from '../session/settings.js';
import '../style/rest.css';

const GraphqlEditor = lazy(() => import('../components/GraphqlEditor.js'));
const Code = lazy(() => import('../components/Code.js'));

/** Where the build put the schemas, from the console's address on. */
const schemaPaths: Readonly<Record<FhirVersion, string>> = {
  r4: import.meta.env.SCHEMA_R4,
  stu3: import.meta.env.SCHEMA_STU3,
};

/** The two faces: what AppSync serves, and FHIR's own operation. */
type Surface = 'appsync' | 'operation';

/** The schema shipped with the console, so that it needs no introspection. */
function useSchema(version: FhirVersion) {
  return useQuery({
    queryKey: [version, 'schema'],
    queryFn: async ({ signal }) => {
      const [{ buildSchema }, reply] = await Promise.all([
        import('graphql'),
        fetch(new URL(schemaPaths[version], consoleUrl()), { signal }),
      ]);
      const sdl = await reply.text();
      const scalars = [...new Set(sdl.match(/\bAWS[A-Z]\w+/g))].map((name) => `scalar ${name}`);
      return buildSchema(`${sdl}\n${scalars.join('\n')}`, { assumeValid: true, assumeValidSDL: true });
    },
    staleTime: Infinity,
  });
}

/** GraphQL by hand: a query, its variables, its answer. */
export function Graphql() {
  const api = useApi();
  const { settings } = useSession();
  const schema = useSchema(api.version);
  const [surface, setSurface] = useState<Surface>('appsync');
  const examples = graphqlExamples(settings.local?.demoPatient);
  const [begun, setBegun] = useState(examples[0]?.query ?? '');
  const [text, setText] = useState(begun);
  const [variables, setVariables] = useState('');
  const [answer, setAnswer] = useState<{ readonly status: number; readonly text: string }>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const run = (): void => {
    setBusy(true);
    setError(undefined);
    const asked = async (): Promise<void> => {
      const body = JSON.stringify({
        query: text,
        ...(variables.trim() === '' ? {} : { variables: JSON.parse(variables) as unknown }),
      });
      if (surface === 'operation') {
        const reply = await api.send('$graphql', {
          method: 'POST',
          body,
          headers: { 'Content-Type': 'application/json' },
          takesErrors: true,
        });
        setAnswer({ status: reply.status, text: JSON.stringify(reply.json ?? reply.text, null, 2) });
        return;
      }
      const reply = await api.graphqlSend(body);
      setAnswer({ status: reply.status, text: JSON.stringify(reply.json ?? reply.text, null, 2) });
    };
    asked()
      .catch((problem: unknown) => {
        setError(problem instanceof SyntaxError ? new Error('The variables are no JSON.') : problem);
      })
      .finally(() => {
        setBusy(false);
      });
  };
  return (
    <>
      <PageHead
        title="GraphQL"
        lead={
          surface === 'appsync' ? (
            <>
              The API for web apps, as AppSync serves it: <code>{api.graphql}</code>
            </>
          ) : (
            <>
              The whole FHIR GraphQL specification, as an operation of REST: <code>{api.base}/$graphql</code>
            </>
          )
        }
      >
        <div className="segments" role="group" aria-label="API">
          {(
            [
              ['appsync', 'AppSync API'],
              ['operation', '$graphql'],
            ] as const
          ).map(([id, name]) => (
            <button
              key={id}
              type="button"
              className="segment"
              aria-pressed={surface === id}
              onClick={() => {
                setSurface(id);
              }}
            >
              {name}
            </button>
          ))}
        </div>
        <Choose
          label="Examples"
          isLabelHidden
          choices={[
            { id: '', text: 'Examples…' },
            ...examples
              .filter((each) => each.surface === undefined || each.surface === surface)
              .map(({ text: id }) => ({ id })),
          ]}
          value=""
          onChange={(name) => {
            const example = examples.find((each) => each.text === name);
            if (example === undefined) return;
            setBegun(example.query);
            setText(example.query);
            setVariables(example.variables ?? '');
          }}
        />
      </PageHead>
      <div className="graphql-columns">
        <section className="card graphql-query" aria-label="Query">
          <div className="card-head">
            <h2>Query</h2>
            {surface === 'operation' ? (
              <span className="soft small">suggestions are the AppSync API’s; more is allowed here</span>
            ) : schema.data === undefined && schema.error === null ? (
              <span className="soft small">the schema is on its way…</span>
            ) : null}
            <button type="button" className="button primary spread" onClick={run} disabled={isBusy}>
              <Icon name="play" />
              Run
            </button>
          </div>
          <Suspense fallback={<Loading lines={10} />}>
            <GraphqlEditor
              key={surface}
              text={begun}
              schema={surface === 'appsync' ? schema.data : undefined}
              onChange={setText}
              onRun={run}
            />
          </Suspense>
          <label className="field card-body graphql-variables">
            <span className="label">Variables, as JSON</span>
            <textarea
              className="input"
              rows={3}
              spellCheck={false}
              placeholder='{ "id": "…" }'
              value={variables}
              onChange={(event) => {
                setVariables(event.target.value);
              }}
            />
          </label>
        </section>
        <section className="card" aria-label="Answer" aria-busy={isBusy}>
          <div className="card-head">
            <h2>Answer</h2>
            {answer === undefined ? null : (
              <span
                className={`chip ${answer.status < 400 && !answer.text.includes('"errors"') ? 'good' : 'bad'}`}
                role="status"
              >
                {answer.status}
              </span>
            )}
          </div>
          {error !== undefined ? (
            <div className="card-body">
              <Refusal error={error} />
            </div>
          ) : answer === undefined ? (
            <Empty icon="graph" title="Nothing was asked yet">
              <p>Run the query with the button, or with Ctrl and Enter.</p>
            </Empty>
          ) : (
            <Suspense fallback={<Loading />}>
              <Code text={answer.text} label="Answer" />
            </Suspense>
          )}
        </section>
      </div>
    </>
  );
}
