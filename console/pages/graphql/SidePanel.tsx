import type { GraphQLSchema } from 'graphql';
import { useState } from 'react';
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

/** What the panel shows: one of its parts, and the types of the docs that were gone through. */
export interface Beside {
  readonly part: (typeof parts)[number]['id'];
  readonly trail: readonly string[];
}

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
  beside,
  onBeside,
  onText,
  onTake,
  onDocs,
}: {
  readonly schema: GraphQLSchema | undefined;
  readonly error: Error | null;
  readonly text: string;
  /** Of the operation in the text. */
  readonly place: number;
  readonly asked: readonly AskedGraphql[];
  readonly beside: Beside;
  readonly onBeside: (beside: Beside) => void;
  readonly onText: (text: string) => void;
  readonly onTake: (request: AskedGraphql) => void;
  /** Shows a type in the docs. */
  readonly onDocs: (type: string) => void;
}) {
  const { part, trail } = beside;
  const [kind, setKind] = useState<OperationKind>('query');
  return (
    <section className="card graphql-side" aria-label="What can be asked">
      <Segments
        label="Beside the editor"
        isTabs
        choices={parts}
        value={part}
        onChange={(next) => {
          onBeside({ part: next, trail });
        }}
      />
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
        <Docs
          schema={schema}
          trail={trail}
          onTrail={(next) => {
            onBeside({ part, trail: next });
          }}
        />
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
          <Explorer schema={schema} text={text} place={place} kind={kind} onChange={onText} onDocs={onDocs} />
        </>
      )}
    </section>
  );
}
