import { json, jsonParseLinter } from '@codemirror/lang-json';
import { type Diagnostic, forceLinting, linter, lintGutter } from '@codemirror/lint';
import { EditorState, StateEffect } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { type RefObject, useEffect, useImperativeHandle, useRef } from 'react';
import { placeIn } from '../fhir/json-places.js';
import type { Issue } from '../fhir/outcome.js';
import { useCodeView } from './use-code-view.js';

/** What a page does with the editor in it. */
export interface EditorHandle {
  /** Shows the place of an element. */
  show(path: string | undefined): void;
}

const severities = { fatal: 'error', error: 'error', warning: 'warning', information: 'info' } as const;

/** The server said something new. */
const told = StateEffect.define();

/** The issues of the server at the places they have in the text now. */
const diagnosticsOf = (text: string, issues: readonly Issue[]): Diagnostic[] =>
  issues
    .filter(({ severity }) => severity !== 'information')
    .map((issue) => ({ ...placeIn(text, issue.place), severity: severities[issue.severity], message: issue.text }));

/** JSON to write: what is no JSON is marked while one types, what the server finds wrong at the place it names. */
export default function Editor({
  text,
  label,
  issues,
  handleRef,
  onChange,
}: {
  readonly text: string;
  readonly label: string;
  readonly issues: readonly Issue[];
  readonly handleRef: RefObject<EditorHandle | null>;
  readonly onChange: (text: string) => void;
}) {
  const shown = useRef(issues);
  const extensions = () => [
    json(),
    lintGutter(),
    linter((editor) => [...jsonParseLinter()(editor), ...diagnosticsOf(editor.state.doc.toString(), shown.current)], {
      delay: 400,
      needsRefresh: (update) => update.transactions.some(({ effects }) => effects.some((effect) => effect.is(told))),
    }),
    EditorState.tabSize.of(2),
  ];
  const { place, view } = useCodeView({ text, label, extensions, onChange });
  useImperativeHandle(handleRef, () => ({
    show(path) {
      const editor = view.current;
      if (editor === null) return;
      const { from, to } = placeIn(editor.state.doc.toString(), path);
      editor.dispatch({
        selection: { anchor: from, head: to },
        effects: EditorView.scrollIntoView(from, { y: 'center' }),
      });
      editor.focus();
    },
  }));
  useEffect(() => {
    shown.current = issues;
    if (view.current === null) return;
    view.current.dispatch({ effects: told.of(null) });
    forceLinting(view.current);
  }, [issues, view]);
  return <div ref={place} className="code" />;
}
