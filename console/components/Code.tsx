import { json } from '@codemirror/lang-json';
import { EditorState } from '@codemirror/state';
import { useCodeView } from './use-code-view.js';

const extensions = () => [json(), EditorState.readOnly.of(true)];

/** JSON to look at: coloured, folded, searched with Ctrl-F. */
export default function Code({ text, label }: { readonly text: string; readonly label: string }) {
  const { place } = useCodeView({ text, label, extensions });
  return <div ref={place} className="code" />;
}
