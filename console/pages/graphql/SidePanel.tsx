import type { GraphQLSchema } from 'graphql';
import { type ReactNode, useState } from 'react';
import { Segments } from '../../components/fields.js';
import { Empty, Loading, Refusal } from '../../components/Said.js';
import type { OperationKind } from '../../fhir/graphql-edit.js';
import { Docs } from './Docs.js';
import { Explorer } from './Explorer.js';
import type { AskedGraphql } from './schema.js';

const parts = [
  { id: 'explorer', text: 'Explorer' },
  { id: 'docs', text: 'Docs' },
  { id: 'asked', text: 'So far' },
] as const;

const beginnings: readonly OperationKind[] = ['query', 'mutation', 'subscription'];

/** The requests of this visit, to ask again. */
function Asked({
  asked,
  onTake,
}: {
  readonly asked: readonly AskedGraphql[];
  readonly onTake: (request: AskedGraphql) => void;
}) {
  if (asked.length === 0)
    return (
      <Empty icon="clock" title="No query was run yet">
        <p>Those of this visit stand here; nothing of them is kept when the tab is closed.</p>
      </Empty>
    );
  return (
    <ol className="rest-history">
      {asked.map((each, place) => (
        <li key={asked.length - place}>
          <button
            type="button"
            onClick={() => {
              onTake(each);
            }}
          >
            <code>{each.query.replace(/\s+/g, ' ').slice(0, 120)}</code>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** What helps to write a query, beside the query: fields to tick, what types have, what was asked so far. */
export function SidePanel({
  schema,
  error,
  text,
  place,
  asked,
  onText,
  onTake,
  children,
}: {
  readonly schema: GraphQLSchema | undefined;
  readonly error: Error | null;
  readonly text: string;
  /** Of the operation in the text. */
  readonly place: number;
  readonly asked: readonly AskedGraphql[];
  readonly onText: (text: string) => void;
  readonly onTake: (request: AskedGraphql) => void;
  /** What stands beside it; given what shows a type in the docs. */
  readonly children: (showDocs: (type: string) => void) => ReactNode;
}) {
  const [part, setPart] = useState<(typeof parts)[number]['id']>('explorer');
  const [kind, setKind] = useState<OperationKind>('query');
  const [trail, setTrail] = useState<readonly string[]>([]);
  const showDocs = (type: string): void => {
    setTrail([...trail, type]);
    setPart('docs');
  };
  return (
    <>
      <section className="card graphql-side" aria-label="What can be asked">
        <Segments label="Beside the editor" isTabs choices={parts} value={part} onChange={setPart} />
        {part === 'asked' ? (
          <Asked asked={asked} onTake={onTake} />
        ) : error !== null ? (
          <div className="card-body">
            <Refusal error={error} />
          </div>
        ) : schema === undefined ? (
          <div className="card-body">
            <Loading lines={10} label="The schema is on its way" />
          </div>
        ) : part === 'docs' ? (
          <Docs schema={schema} trail={trail} onTrail={setTrail} />
        ) : (
          <>
            <p className="row small soft explorer-begin">
              New
              {beginnings.map((each) => (
                <button
                  key={each}
                  type="button"
                  className="explorer-type"
                  onClick={() => {
                    setKind(each);
                    onText('');
                  }}
                >
                  {each}
                </button>
              ))}
            </p>
            <Explorer schema={schema} text={text} place={place} kind={kind} onChange={onText} onDocs={showDocs} />
          </>
        )}
      </section>
      {children(showDocs)}
    </>
  );
}
