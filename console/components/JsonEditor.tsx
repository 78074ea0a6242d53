import { json, jsonParseLinter } from '@codemirror/lang-json';
import { linter } from '@codemirror/lint';
import { useCodeView } from './use-code-view.js';

const parse = jsonParseLinter();
// Nothing typed is nothing wrong, and a form is no JSON.
const extensions = () => [
  json(),
  linter((view) => (/^\s*[{[]/.test(view.state.sliceDoc(0, 200)) ? parse(view) : []), { delay: 400 }),
];

/** Some JSON to write; what is none is marked. */
export default function JsonEditor({
  text,
  label,
  onChange,
}: {
  readonly text: string;
  readonly label: string;
  readonly onChange: (text: string) => void;
}) {
  const { place } = useCodeView({ text, label, extensions, onChange });
  return <div ref={place} className="code" />;
}
