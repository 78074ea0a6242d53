import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { graphql, updateSchema } from 'cm6-graphql';
import type { GraphQLSchema } from 'graphql';
import { useEffect, useRef } from 'react';
import { codeSetup } from './code-setup.js';

/** GraphQL to write: fields and arguments are suggested, and what the schema does not know is marked. */
export default function GraphqlEditor({
  text,
  schema,
  onChange,
  onRun,
}: {
  readonly text: string;
  readonly schema: GraphQLSchema | undefined;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const called = useRef({ onChange, onRun });
  useEffect(() => {
    called.current = { onChange, onRun };
  }, [onChange, onRun]);
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text,
        extensions: [
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
          codeSetup,
          graphql(),
          EditorView.contentAttributes.of({ 'aria-label': 'Query' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) called.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, [text]);
  useEffect(() => {
    if (view.current !== null && schema !== undefined) updateSchema(view.current, schema);
  }, [schema, text]);
  return <div ref={place} className="code" />;
}
