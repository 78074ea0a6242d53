import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { CopyAs } from '../components/CopyAs.js';
import { Choose, PageHead, Segments } from '../components/fields.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Refusal } from '../components/Said.js';
import type { Reply } from '../fhir/api.js';
import { graphqlWrittenAs } from '../fhir/copy-graphql.js';
import { kindOf, operationsOf, tidied } from '../fhir/graphql-edit.js';
import { graphqlExamples } from '../fhir/graphql-examples.js';
import { headersOf } from '../fhir/headers.js';
import type { AskedSubscription } from '../fhir/realtime.js';
import { useApi } from '../session/queries.js';
import { useSession } from '../session/session.js';
import { useKept } from '../session/visit.js';
import { Events } from './graphql/Events.js';
import { type Beside, SidePanel } from './graphql/SidePanel.js';
import { type AskedGraphql, type Surface, useSchema } from './graphql/schema.js';
import '../style/rest.css';
import '../style/graphql.css';

const GraphqlEditor = lazy(() => import('../components/GraphqlEditor.js'));
const JsonEditor = lazy(() => import('../components/JsonEditor.js'));
const Code = lazy(() => import('../components/Code.js'));

/** What a request gave, beside what it asked for. */
type Answer =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly milliseconds: number }
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'subscription'; readonly asked: AskedSubscription };

const mostAsked = 50;
const surfaces = [
  { id: 'appsync', text: 'AppSync API' },
  { id: 'operation', text: '$graphql' },
] as const;
const parts = [
  { id: 'variables', text: 'Variables' },
  { id: 'headers', text: 'Headers' },
] as const;

/** The variables as JSON; undefined without any. @throws Error in words. */
function variablesOf(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('The variables are no JSON.');
  }
}

/** The reply to a request, and how long it took. */
async function replyIn(ask: () => Promise<Reply>): Promise<Answer> {
  const begun = performance.now();
  const reply = await ask();
  return { kind: 'reply', reply, milliseconds: Math.round(performance.now() - begun) };
}

const isGood = ({ status, json }: Reply): boolean =>
  status < 400 && !(typeof json === 'object' && json !== null && 'errors' in json);

function Answered({ answer }: { readonly answer: Answer | undefined }) {
  if (answer === undefined)
    return (
      <Empty icon="graph" title="Nothing was asked yet">
        <p>Run the query with the button, or with Ctrl and Enter. Answers and events appear here.</p>
      </Empty>
    );
  switch (answer.kind) {
    case 'refused':
      return (
        <div className="card-body">
          <Refusal error={answer.error} />
        </div>
      );
    case 'subscription':
      return <Events asked={answer.asked} />;
    case 'reply':
      return (
        <Suspense fallback={<Loading />}>
          <Code text={JSON.stringify(answer.reply.json ?? answer.reply.text, null, 2)} label="Answer" />
        </Suspense>
      );
  }
}

/** GraphQL by hand: fields to choose, a query to write, its variables, its answer, and what a subscription tells. */
export function Graphql() {
  const api = useApi();
  const navigate = useNavigate();
  const { settings } = useSession();
  const linked = useSearch({ from: '/$version/graphql' });
  const examples = graphqlExamples(api.version, settings.local?.demoPatient);
  const [first] = examples;
  const key = `graphql-${api.version}`;
  const [surface, setSurface] = useKept<Surface>(
    `${key}-surface`,
    linked.surface === 'operation' ? 'operation' : 'appsync',
  );
  const [text, setText] = useKept(`${key}-text`, first?.query ?? '');
  const [variables, setVariables] = useKept(`${key}-variables`, first?.variables ?? '');
  const [headers, setHeaders] = useKept(`${key}-headers`, '');
  const [asked, setAsked] = useKept<readonly AskedGraphql[]>(`${key}-asked`, []);
  const [part, setPart] = useState<(typeof parts)[number]['id']>('variables');
  const [chosen, setChosen] = useState(0);
  const [answer, setAnswer] = useState<Answer>();
  const [isBusy, setBusy] = useState(false);
  const [beside, setBeside] = useState<Beside>({ part: 'explorer', trail: [] });
  const showDocs = (type: string): void => {
    setBeside({ part: 'docs', trail: [...beside.trail, type] });
  };
  const [seen, setSeen] = useState<string>();
  const schema = useSchema(api.version, surface);

  const take = (request: Partial<AskedGraphql>): void => {
    if (request.surface !== undefined) setSurface(request.surface);
    setText(request.query ?? '');
    setVariables(request.variables ?? '');
    if (request.headers !== undefined) setHeaders(request.headers);
    setChosen(0);
  };
  // An address that names a query shows that one, also when one is already here.
  if (linked.query !== undefined && linked.query !== seen) {
    setSeen(linked.query);
    if (linked.query !== text)
      take({
        surface: linked.surface === 'operation' ? 'operation' : 'appsync',
        query: linked.query,
        variables: linked.variables ?? '',
      });
  }

  const operations = operationsOf(text) ?? [];
  const place = Math.min(chosen, Math.max(0, operations.length - 1));
  const operation = operations[place];
  const isSubscription = operation !== undefined && kindOf(operation) === 'subscription';
  const operationName = operations.length > 1 ? operation?.name?.value : undefined;
  const endpoint = surface === 'appsync' ? api.graphql : `${api.base}/$graphql`;
  const address = { surface, query: text, ...(variables.trim() === '' ? {} : { variables }) };
  const link = `${location.href.replace(/#.*$/, '')}#/${api.version}/graphql?${new URLSearchParams(address).toString()}`;

  const send = async (): Promise<Answer> => {
    const values = variablesOf(variables);
    if (surface === 'appsync' && isSubscription)
      return {
        kind: 'subscription',
        asked: { query: text, ...(values === undefined ? {} : { variables: values }) },
      };
    const body = JSON.stringify({
      query: text,
      ...(operationName === undefined ? {} : { operationName }),
      ...(values === undefined ? {} : { variables: values }),
    });
    const sent = headersOf(headers);
    return replyIn(() =>
      surface === 'appsync'
        ? api.graphqlSend(body, sent)
        : api.send('$graphql', {
            method: 'POST',
            body,
            headers: { 'Content-Type': 'application/json', ...sent },
            takesErrors: true,
          }),
    );
  };
  const run = (): void => {
    setBusy(true);
    setSeen(text);
    void navigate({
      to: '/$version/graphql',
      params: { version: api.version },
      search: address,
      replace: true,
      resetScroll: false,
    });
    const last = asked[0];
    const isNew = last?.query !== text || last.variables !== variables || last.surface !== surface;
    if (isNew) setAsked([{ surface, query: text, variables, headers }, ...asked].slice(0, mostAsked));
    void send()
      .catch((error: unknown): Answer => ({ kind: 'refused', error }))
      .then(setAnswer)
      .finally(() => {
        setBusy(false);
      });
  };

  return (
    <>
      <PageHead
        title="GraphQL"
        lead={
          <>
            {surface === 'appsync'
              ? 'The API for web apps, as AppSync serves it: '
              : 'The whole FHIR GraphQL specification, as an operation of REST: '}
            <code>{endpoint}</code>
          </>
        }
      >
        <div className="graphql-examples">
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
              if (example !== undefined) take(example);
            }}
          />
        </div>
        <Segments label="API" choices={surfaces} value={surface} onChange={setSurface} />
      </PageHead>
      <button
        type="button"
        className="skip"
        onClick={() => {
          document.querySelector<HTMLElement>('.graphql-query .cm-content')?.focus();
        }}
      >
        Past the fields, to the query
      </button>
      <div className="graphql">
        <SidePanel
          schema={schema.data}
          error={schema.error}
          text={text}
          place={place}
          asked={asked}
          beside={beside}
          onBeside={setBeside}
          onText={setText}
          onTake={take}
          onDocs={showDocs}
        />
        <section className="card graphql-query" aria-label="Query">
          <div className="card-head">
            <button type="button" className="button primary" onClick={run} disabled={isBusy}>
              <Icon name="play" />
              {isSubscription ? 'Subscribe' : 'Run'}
            </button>
            {operations.length > 1 ? (
              <Choose
                label="Operation"
                isLabelHidden
                choices={operations.map(({ name, operation: kind }, at) => ({
                  id: String(at),
                  text: name?.value ?? kind,
                }))}
                value={String(place)}
                onChange={(at) => {
                  setChosen(Number(at));
                }}
              />
            ) : null}
            <div className="row spread">
              <button
                type="button"
                className="button"
                onClick={() => {
                  setText(tidied(text));
                }}
              >
                Tidy
              </button>
              <CopyAs label="Copy as" written={graphqlWrittenAs(endpoint, text, variables, link)} />
            </div>
          </div>
          <Suspense fallback={<Loading lines={10} />}>
            <GraphqlEditor text={text} schema={schema.data} onChange={setText} onRun={run} onDocs={showDocs} />
          </Suspense>
          <div className="graphql-more">
            <Segments label="Beside the query" isTabs choices={parts} value={part} onChange={setPart} />
            {part === 'variables' ? (
              <Suspense fallback={<Loading lines={2} />}>
                <JsonEditor text={variables} label="Variables, as JSON" onChange={setVariables} />
              </Suspense>
            ) : (
              <textarea
                className="input"
                aria-label="Headers, one a line"
                rows={3}
                spellCheck={false}
                placeholder="X-Consistency: strong"
                value={headers}
                onChange={(event) => {
                  setHeaders(event.target.value);
                }}
              />
            )}
          </div>
        </section>
        <section className="card graphql-answer" aria-label="Answer" aria-busy={isBusy}>
          <div className="card-head">
            <h2>{answer?.kind === 'subscription' ? 'Events' : 'Answer'}</h2>
            {answer?.kind === 'reply' ? (
              <>
                <span className={`chip ${isGood(answer.reply) ? 'good' : 'bad'}`} role="status">
                  {answer.reply.status}
                </span>
                <span className="soft small numbers">
                  {answer.milliseconds} ms · {Math.ceil(answer.reply.text.length / 1024)} KB
                </span>
              </>
            ) : null}
            {answer?.kind === 'subscription' ? (
              <button
                type="button"
                className="button spread"
                onClick={() => {
                  setAnswer(undefined);
                }}
              >
                <Icon name="pause" />
                Stop
              </button>
            ) : null}
          </div>
          <Answered answer={answer} />
        </section>
      </div>
    </>
  );
}
