import { json, jsonParseLinter } from '@codemirror/lang-json';
import { type Diagnostic, linter, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { type RefObject, useEffect, useRef } from 'react';
import { placeIn } from '../fhir/json-places.js';
import type { Issue } from '../fhir/outcome.js';
import { codeSetup } from './code-setup.js';

/** What a page does with the editor in it. */
export interface EditorHandle {
  text(): string;
  /** Shows the place of an element. */
  show(path: string | undefined): void;
}

const severities = { fatal: 'error', error: 'error', warning: 'warning', information: 'info' } as const;

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
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(onChange);
  useEffect(() => {
    changed.current = onChange;
  }, [onChange]);
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          codeSetup,
          json(),
          lintGutter(),
          linter(jsonParseLinter(), { delay: 400 }),
          EditorState.tabSize.of(2),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    handleRef.current = {
      text: () => made.state.doc.toString(),
      show(path) {
        const { from, to } = placeIn(made.state.doc.toString(), path);
        made.dispatch({
          selection: { anchor: from, head: to },
          effects: EditorView.scrollIntoView(from, { y: 'center' }),
        });
        made.focus();
      },
    };
    return () => {
      handleRef.current = null;
      view.current = null;
      made.destroy();
    };
  }, [text, label, handleRef]);
  useEffect(() => {
    const made = view.current;
    if (made === null) return;
    const found = made.state.doc.toString();
    const diagnostics = issues
      .filter(({ severity }) => severity !== 'information')
      .map((issue): Diagnostic => {
        return { ...placeIn(found, issue.place), severity: severities[issue.severity], message: issue.text };
      })
      .toSorted((a, b) => a.from - b.from);
    made.dispatch(setDiagnostics(made.state, diagnostics));
  }, [issues]);
  return <div ref={place} className="code" />;
}
