import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useRef, useState } from 'react';
import { Confirm } from '../../components/Confirm.js';
import type { EditorHandle } from '../../components/Editor.js';
import { Loading, Notice, Refusal } from '../../components/Said.js';
import type { Api, ApiRequest } from '../../fhir/api.js';
import { type Issue, RequestError } from '../../fhir/outcome.js';
import { useApi, usePermissions } from '../../session/queries.js';
import { Issues } from './Issues.js';
import { storedQuery, type Stored } from './stored.js';

const Editor = lazy(() => import('../../components/Editor.js'));
const Diff = lazy(() => import('../../components/Diff.js'));
const PatchPanel = lazy(() => import('./PatchPanel.js'));

/** What the page says after it did something. */
type Said =
  | { readonly kind: 'good'; readonly text: string }
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'found'; readonly issues: readonly Issue[] };

/** What a save found: the resource had changed since it was opened. */
interface Conflict {
  readonly theirs: Stored;
  readonly mine: string;
}

const isConflict = (error: unknown): boolean => error instanceof RequestError && [409, 412].includes(error.status);

/** What is wrong, when the server said where. */
const placesOf = (error: unknown): readonly Issue[] =>
  error instanceof RequestError && error.issues.some(({ place }) => place !== undefined) ? error.issues : [];

async function validated(api: Api, type: string, text: string): Promise<Said> {
  const { issuesOf } = await import('../../fhir/outcome.js');
  const { json } = await api.send(`${type}/$validate`, { method: 'POST', body: text, takesErrors: true });
  const issues = issuesOf(json);
  return issues.every(({ severity }) => severity === 'information')
    ? { kind: 'good', text: 'The resource keeps all rules of its type.' }
    : { kind: 'found', issues };
}

/**
 * The JSON of a resource, to be changed or made. What is saved is the text as it stands, with every digit.
 * @param stored what is changed; absent for a new resource.
 */
export function Edit({
  type,
  stored,
  first,
}: {
  readonly type: string;
  readonly stored?: Stored;
  readonly first: string;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: permissions } = usePermissions();
  const handle = useRef<EditorHandle>(null);
  const [saved, setSaved] = useState(first);
  const [base, setBase] = useState(stored?.versionId);
  const [text, setText] = useState(first);
  const [said, setSaid] = useState<Said>();
  const [conflict, setConflict] = useState<Conflict>();
  const [isBusy, setBusy] = useState(false);
  const [isPatching, setPatching] = useState(false);
  const id = stored?.resource.id;
  const may = (interaction: string): boolean => permissions?.may(interaction, type) !== 'no';
  const isMine = id === undefined ? may('create') : may('update');

  const doing = (work: () => Promise<void>): void => {
    setBusy(true);
    setSaid(undefined);
    work()
      .catch((error: unknown) => {
        const issues = placesOf(error);
        setSaid(issues.length > 0 ? { kind: 'found', issues } : { kind: 'refused', error });
      })
      .finally(() => {
        setBusy(false);
      });
  };
  /** Sends what changes the resource, by the version it was opened at. */
  const send = async (request: ApiRequest): Promise<void> => {
    if (id === undefined) return;
    try {
      const headers = { ...request.headers, 'If-Match': `W/"${base ?? ''}"` };
      const reply = await api.send(`${type}/${id}`, { ...request, headers });
      await queries.invalidateQueries({ queryKey: [api.version] });
      const { meta } = reply.json as { readonly meta?: { readonly versionId?: string } };
      setBase(meta?.versionId);
      const { text: now } = await queries.query({ ...storedQuery(api, type, id), staleTime: 0 });
      setSaved(now);
      setText(now);
      setSaid({ kind: 'good', text: `Saved as version ${meta?.versionId ?? ''}.` });
    } catch (error) {
      if (!isConflict(error)) throw error;
      const theirs = await queries.query({ ...storedQuery(api, type, id), staleTime: 0 });
      setConflict({ theirs, mine: text });
    }
  };
  const create = async (): Promise<void> => {
    const reply = await api.send(type, { method: 'POST', body: text });
    await queries.invalidateQueries({ queryKey: [api.version] });
    const made = reply.json as { readonly id?: string };
    await navigate({ to: '/$version/$type/$id', params: { version: api.version, type, id: made.id ?? '' } });
  };
  const remove = async (): Promise<void> => {
    if (id === undefined) return;
    await api.send(`${type}/${id}`, { method: 'DELETE', headers: { 'If-Match': `W/"${base ?? ''}"` } });
    await navigate({ to: '/$version/$type', params: { version: api.version, type } });
    queries.removeQueries({ queryKey: [api.version, 'resource', type, id] });
    await queries.invalidateQueries({ queryKey: [api.version] });
  };

  if (conflict !== undefined)
    return (
      <section className="card" aria-label="Conflict">
        <div className="card-head">
          <h2>Somebody else saved version {conflict.theirs.versionId} meanwhile</h2>
          <div className="row spread">
            <button
              type="button"
              className="button"
              onClick={() => {
                setSaved(conflict.theirs.text);
                setText(conflict.theirs.text);
                setBase(conflict.theirs.versionId);
                setConflict(undefined);
              }}
            >
              Take theirs
            </button>
            <button
              type="button"
              className="button primary"
              onClick={() => {
                setSaved(conflict.theirs.text);
                setText(conflict.mine);
                setBase(conflict.theirs.versionId);
                setConflict(undefined);
                setSaid({
                  kind: 'good',
                  text: `Nothing is saved yet: Save puts yours on top of version ${conflict.theirs.versionId}.`,
                });
              }}
            >
              Go on with mine
            </button>
          </div>
        </div>
        <div className="diff-heads small soft">
          <span>On the server now</span>
          <span>Yours, not saved</span>
        </div>
        <Suspense fallback={<Loading />}>
          <Diff before={conflict.theirs.text} after={conflict.mine} label="Theirs and yours" />
        </Suspense>
      </section>
    );
  const issues = said?.kind === 'found' ? said.issues : none;
  const isChanged = id === undefined || text !== saved;
  return (
    <section className="card" aria-label="JSON">
      <div className="card-head">
        <h2>{id === undefined ? `New ${type}` : 'JSON'}</h2>
        {isChanged && id !== undefined ? <span className="chip warn">not saved</span> : null}
        <div className="row spread">
          <button
            type="button"
            className="button"
            disabled={isBusy}
            onClick={() => {
              doing(async () => {
                setSaid(await validated(api, type, text));
              });
            }}
          >
            Validate
          </button>
          {id !== undefined && may('delete') ? (
            <Confirm
              label="Delete"
              icon="trash"
              title={`Delete this ${type}?`}
              onConfirm={() => {
                doing(remove);
              }}
            >
              <p>It is found no more. Its history stays, and saving an earlier version brings it back.</p>
            </Confirm>
          ) : null}
          {id !== undefined && may('patch') ? (
            <button
              type="button"
              className="button"
              aria-pressed={isPatching}
              onClick={() => {
                setPatching(!isPatching);
              }}
            >
              Patch
            </button>
          ) : null}
          {isMine ? (
            <button
              type="button"
              className="button primary"
              disabled={isBusy || !isChanged}
              onClick={() => {
                doing(id === undefined ? create : () => send({ method: 'PUT', body: text }));
              }}
            >
              {id === undefined ? 'Create' : 'Save'}
            </button>
          ) : (
            <span className="chip">you may only read it</span>
          )}
        </div>
      </div>
      {said === undefined ? null : (
        <div className="card-said">
          {said.kind === 'good' ? (
            <Notice kind="good">
              <p>{said.text}</p>
            </Notice>
          ) : said.kind === 'refused' ? (
            <Refusal error={said.error} />
          ) : (
            <Issues
              issues={said.issues}
              onShow={(place) => {
                handle.current?.show(place);
              }}
            />
          )}
        </div>
      )}
      {isPatching && id !== undefined ? (
        <Suspense fallback={<Loading lines={4} />}>
          <PatchPanel
            type={type}
            id={id}
            version={base ?? ''}
            before={saved}
            after={text}
            isBusy={isBusy}
            onSend={({ text: body, contentType }) => {
              doing(() => send({ method: 'PATCH', body, headers: { 'Content-Type': contentType } }));
            }}
          />
        </Suspense>
      ) : null}
      <Suspense fallback={<Loading lines={10} />}>
        <Editor text={text} label={`${type} as JSON`} issues={issues} handleRef={handle} onChange={setText} />
      </Suspense>
    </section>
  );
}

const none: readonly Issue[] = [];
