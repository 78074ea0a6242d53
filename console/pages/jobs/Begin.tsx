import { type ReactNode, useState } from 'react';
import { Refusal } from '../../components/Said.js';
import { Segments, TextField } from '../../components/fields.js';
import { Icon } from '../../components/Icon.js';
import { TypesField } from '../../components/TypesField.js';
import type { Api, ApiRequest } from '../../fhir/api.js';
import { exportPath, type ExportRequest, importBody, type ImportFile } from '../../fhir/jobs.js';
import { useApi, useCapabilities } from '../../session/queries.js';

/** What a form asks for, when it is sent. */
interface Asked {
  readonly path: string;
  readonly request: ApiRequest;
}

const prefer = { Prefer: 'respond-async' };

const begin = async (api: Api, { path, request }: Asked): Promise<void> => {
  await api.send(path, { ...request, headers: { ...prefer, ...request.headers } });
};

/** A form that begins a job, and what the server says when it does not. */
function BeginForm({
  action,
  asked,
  onBegun,
  children,
}: {
  readonly action: string;
  readonly asked: () => Asked;
  readonly onBegun: () => void;
  readonly children: ReactNode;
}) {
  const api = useApi();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  return (
    <form
      className="card card-body stack job-form"
      onSubmit={(event) => {
        event.preventDefault();
        setBusy(true);
        setError(undefined);
        begin(api, asked())
          .then(onBegun)
          .catch(setError)
          .finally(() => {
            setBusy(false);
          });
      }}
    >
      {children}
      {error === undefined ? null : <Refusal error={error} />}
      <div className="row">
        <button type="submit" className="button primary" disabled={isBusy}>
          <Icon name="play" />
          {action}
        </button>
      </div>
    </form>
  );
}

const levels = [
  { id: 'system', text: 'Everything' },
  { id: 'patients', text: 'All patients' },
  { id: 'group', text: 'A group' },
] as const;

const nothing: ExportRequest = { level: 'system', group: '', types: [], since: '', filters: '' };

/** An export: of what, since when. */
export function BeginExport({ onBegun }: { readonly onBegun: () => void }) {
  const { data: capabilities } = useCapabilities();
  const [asked, setAsked] = useState(nothing);
  const set = (changed: Partial<ExportRequest>): void => {
    setAsked({ ...asked, ...changed });
  };
  return (
    <BeginForm action="Begin the export" asked={() => ({ path: exportPath(asked), request: {} })} onBegun={onBegun}>
      <div className="row">
        <Segments
          label="What is exported"
          choices={levels}
          value={asked.level}
          onChange={(level) => {
            set({ level });
          }}
        />
        <span className="soft small">as NDJSON, as it was at one moment, as far as you may see it</span>
      </div>
      <div className="job-fields">
        {asked.level === 'group' ? (
          <TextField
            label="Id of the group"
            required
            value={asked.group}
            onChange={(group) => {
              set({ group });
            }}
          />
        ) : null}
        <TypesField
          label="Types"
          names={capabilities?.names ?? []}
          value={asked.types}
          onChange={(types) => {
            set({ types });
          }}
        />
        <TextField
          label="Changed since"
          type="date"
          value={asked.since}
          onChange={(since) => {
            set({ since });
          }}
        />
        <label className="field">
          <span className="label">Only what matches, one a line</span>
          <textarea
            className="input"
            rows={2}
            spellCheck={false}
            placeholder="Observation?status=final"
            value={asked.filters}
            onChange={(event) => {
              set({ filters: event.target.value });
            }}
          />
        </label>
      </div>
    </BeginForm>
  );
}

const blank: ImportFile = { type: '', url: '' };

/** An import: NDJSON files by their URLs. */
export function BeginImport({ onBegun }: { readonly onBegun: () => void }) {
  const { data: capabilities } = useCapabilities();
  const [files, setFiles] = useState<readonly ImportFile[]>([blank]);
  const [createsOnce, setCreatesOnce] = useState(false);
  const asked = (): Asked => ({
    path: '$import',
    request: {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: importBody(
        files.filter(({ url }) => url.trim() !== ''),
        createsOnce,
      ),
    },
  });
  return (
    <BeginForm action="Begin the import" asked={asked} onBegun={onBegun}>
      <p className="soft small">
        NDJSON files, one type each, at places that this server may import from (<code>IMPORT_SOURCES</code>). Lines
        that are wrong are passed over and told.
      </p>
      <datalist id="import-types">
        {capabilities?.names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {files.map((file, place) => (
        <div key={place} className="import-file">
          <input
            className="input"
            aria-label={`Type of file ${String(place + 1)}`}
            placeholder="Patient"
            list="import-types"
            required
            value={file.type}
            onChange={(event) => {
              setFiles(files.with(place, { ...file, type: event.target.value }));
            }}
          />
          <input
            className="input"
            aria-label={`URL of file ${String(place + 1)}`}
            placeholder="https://…/Patient.ndjson, s3://bucket/Patient.ndjson or file:///…"
            required
            value={file.url}
            onChange={(event) => {
              setFiles(files.with(place, { ...file, url: event.target.value }));
            }}
          />
          <button
            type="button"
            className="button quiet icon-only"
            aria-label={`Leave out file ${String(place + 1)}`}
            disabled={files.length === 1}
            onClick={() => {
              setFiles(files.toSpliced(place, 1));
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <div className="row">
        <button
          type="button"
          className="button"
          onClick={() => {
            setFiles([...files, blank]);
          }}
        >
          <Icon name="plus" />
          File
        </button>
        <label className="row small">
          <input
            type="checkbox"
            checked={createsOnce}
            onChange={(event) => {
              setCreatesOnce(event.target.checked);
            }}
          />
          Create what has no id, unless its first identifier is there
        </label>
      </div>
    </BeginForm>
  );
}

/** The search index made anew, of all types or of some. */
export function BeginReindex({ onBegun }: { readonly onBegun: () => void }) {
  const { data: capabilities } = useCapabilities();
  const [types, setTypes] = useState<readonly string[]>([]);
  const query = types.length === 0 ? '' : `?${new URLSearchParams({ _type: types.join(',') }).toString()}`;
  return (
    <BeginForm
      action="Make the index anew"
      asked={() => ({ path: `$reindex${query}`, request: { method: 'POST' } })}
      onBegun={onBegun}
    >
      <p className="soft small">
        Searches and writes go on meanwhile: the index that serves is replaced when the new one is complete.
      </p>
      <div className="job-fields">
        <TypesField label="Types" names={capabilities?.names ?? []} value={types} onChange={setTypes} />
      </div>
    </BeginForm>
  );
}
