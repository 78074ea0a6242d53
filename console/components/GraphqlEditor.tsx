import { Prec } from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';
import { graphql, updateSchema } from 'cm6-graphql';
import type { GraphQLSchema } from 'graphql';
import { useEffect, useRef } from 'react';
import { useCodeView } from './use-code-view.js';

/** GraphQL to write: fields and arguments are suggested, and what the schema does not know is marked. */
export default function GraphqlEditor({
  text,
  schema,
  onChange,
  onRun,
  onDocs,
}: {
  readonly text: string;
  readonly schema: GraphQLSchema | undefined;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  /** A name was clicked with Ctrl or ⌘: its type, and the type it is a field of. */
  readonly onDocs: (type: string) => void;
}) {
  const called = useRef({ onRun, onDocs });
  useEffect(() => {
    called.current = { onRun, onDocs };
  }, [onRun, onDocs]);
  const extensions = () => [
    Prec.highest(
      keymap.of([
        {
          key: 'Mod-Enter',
          run: () => {
            called.current.onRun();
            return true;
          },
        },
      ]),
    ),
    graphql(undefined, {
      onShowInDocs(_, type, parent) {
        const name = (parent ?? type)?.replace(/[[\]!]/g, '');
        if (name !== undefined) called.current.onDocs(name);
      },
    }),
  ];
  const onMade = (made: EditorView): void => {
    if (schema !== undefined) updateSchema(made, schema);
  };
  const { place, view } = useCodeView({ text, label: 'Query', extensions, onChange, onMade });
  useEffect(() => {
    if (view.current !== null && schema !== undefined) updateSchema(view.current, schema);
  }, [schema, view]);
  return <div ref={place} className="code" />;
}
