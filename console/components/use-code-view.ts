import { EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { type RefObject, useEffect, useRef } from 'react';
import { afterPaint } from './after-paint.js';
import { codeSetup } from './code-setup.js';

/** An editor in the page: where it stands, and what it is once it is there. */
export interface CodeView {
  readonly place: RefObject<HTMLDivElement | null>;
  readonly view: RefObject<EditorView | null>;
}

/**
 * A CodeMirror editor that lives as long as its component. A text that comes from outside replaces what is in it, in a
 * step that can be undone.
 * @param label says to screen readers what it is.
 * @param extensions makes what it can do, once, when it is made.
 */
export function useCodeView({
  text,
  label,
  extensions,
  onChange,
  onMade,
}: {
  readonly text: string;
  readonly label: string;
  readonly extensions: () => Extension;
  readonly onChange?: (text: string) => void;
  /** What is still to be told to it once it is there. */
  readonly onMade?: (view: EditorView) => void;
}): CodeView {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const now = useRef({ text, onChange, extensions, onMade });
  useEffect(() => {
    now.current = { text, onChange, extensions, onMade };
  }, [text, onChange, extensions, onMade]);
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const leave = afterPaint(() => {
      view.current = new EditorView({
        parent: box,
        state: EditorState.create({
          doc: now.current.text,
          extensions: [
            codeSetup,
            now.current.extensions(),
            EditorView.contentAttributes.of({ 'aria-label': label }),
            EditorView.updateListener.of((update) => {
              if (update.docChanged) now.current.onChange?.(update.state.doc.toString());
            }),
          ],
        }),
      });
      now.current.onMade?.(view.current);
    });
    return () => {
      leave();
      view.current?.destroy();
      view.current = null;
    };
  }, [label]);
  useEffect(() => {
    const doc = view.current?.state.doc;
    if (doc !== undefined && doc.toString() !== text)
      view.current?.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
  }, [text]);
  return { place, view };
}
