import { json } from '@codemirror/lang-json';
import { MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { codeSetup } from './code-setup.js';

/** Two texts beside each other, what differs marked; one below the other where there is no room. */
export default function Diff({
  before,
  after,
  label,
}: {
  readonly before: string;
  readonly after: string;
  readonly label: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (place.current === null) return undefined;
    const extensions = [
      codeSetup,
      json(),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ 'aria-label': label }),
    ];
    const collapseUnchanged = { margin: 3, minSize: 6 };
    const view = matchMedia('(max-width: 56rem)').matches
      ? new EditorView({
          parent: place.current,
          state: EditorState.create({
            doc: after,
            extensions: [
              ...extensions,
              unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged }),
            ],
          }),
        })
      : new MergeView({
          parent: place.current,
          a: { doc: before, extensions },
          b: { doc: after, extensions },
          collapseUnchanged,
        });
    return () => {
      view.destroy();
    };
  }, [before, after, label]);
  return <div ref={place} className="code diff" />;
}
