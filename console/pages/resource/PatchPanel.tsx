import { lazy, Suspense, useState } from 'react';
import { CopyAs } from '../../components/CopyAs.js';
import { Segments } from '../../components/fields.js';
import { Icon } from '../../components/Icon.js';
import { Loading, Notice } from '../../components/Said.js';
import { requestWrittenAs } from '../../fhir/copy-as.js';
import { fhirPathPatchOf, jsonPatchOf } from '../../fhir/patch.js';
import { useApi } from '../../session/queries.js';

const JsonEditor = lazy(() => import('../../components/JsonEditor.js'));

/** A patch and how it is sent. */
export interface WrittenPatch {
  readonly text: string;
  readonly contentType: string;
}

type Form = 'json' | 'fhirpath';

const forms = [
  { id: 'json', text: 'JSON Patch' },
  { id: 'fhirpath', text: 'FHIRPath Patch' },
] as const;
const contentTypes: Readonly<Record<Form, string>> = {
  json: 'application/json-patch+json',
  fhirpath: 'application/fhir+json',
};

const blanks: Readonly<Record<Form, string>> = {
  json: '[\n  { "op": "replace", "path": "/", "value": "" }\n]',
  fhirpath: '{\n  "resourceType": "Parameters",\n  "parameter": []\n}',
};

/** The patch that an edit is; undefined when it cannot be said in the form, or is no JSON. */
function patchOf(form: Form, type: string, before: string, after: string): string | undefined {
  try {
    return form === 'json' ? jsonPatchOf(before, after) : fhirPathPatchOf(type, before, after);
  } catch {
    return undefined;
  }
}

/** What was changed in the editor as a patch: to be read, copied, changed, and sent instead of the whole. */
export default function PatchPanel({
  type,
  id,
  version,
  before,
  after,
  isBusy,
  onSend,
}: {
  readonly type: string;
  readonly id: string;
  /** The version that was changed. */
  readonly version: string;
  readonly before: string;
  readonly after: string;
  readonly isBusy: boolean;
  readonly onSend: (patch: WrittenPatch) => void;
}) {
  const api = useApi();
  const [form, setForm] = useState<Form>('json');
  /** What was typed, and the edit it was typed for: another edit makes another patch. */
  const [typed, setTyped] = useState<{ readonly of: string; readonly text: string }>();
  const made = patchOf(form, type, before, after);
  const of = `${form} ${made ?? ''}`;
  const isUnchanged = before === after;
  const text = typed?.of === of ? typed.text : isUnchanged ? blanks[form] : (made ?? '');
  const contentType = contentTypes[form];
  return (
    <div className="patch-panel">
      <div className="row">
        <Segments label="Form of the patch" choices={forms} value={form} onChange={setForm} />
        <div className="row spread">
          <CopyAs
            label="Copy as"
            written={[
              { id: 'patch', text: 'Patch', hint: contentType, code: text },
              ...requestWrittenAs(`${api.base}/${type}/${id}`, {
                method: 'PATCH',
                headers: `Content-Type: ${contentType}\nIf-Match: W/"${version}"`,
                body: text,
              }),
            ]}
          />
          <button
            type="button"
            className="button primary"
            disabled={isBusy || text.trim() === '' || (isUnchanged && typed === undefined)}
            onClick={() => {
              onSend({ text, contentType });
            }}
          >
            <Icon name="play" />
            Send the patch
          </button>
        </div>
      </div>
      {made === undefined && !isUnchanged ? (
        <Notice kind="warn">
          <p>
            {form === 'fhirpath'
              ? 'What you changed cannot be said as a FHIRPath Patch: extensions of simple elements, or no JSON. JSON Patch may.'
              : 'The text is no JSON yet.'}
          </p>
        </Notice>
      ) : null}
      {isUnchanged && typed === undefined ? (
        <p className="soft small">
          Change something in the editor below, and the patch for it appears here; or write one.
        </p>
      ) : null}
      <Suspense fallback={<Loading lines={4} />}>
        <JsonEditor
          key={form}
          text={text}
          label="The patch"
          onChange={(next) => {
            if (next !== text) setTyped({ of, text: next });
          }}
        />
      </Suspense>
    </div>
  );
}
