import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Icon } from '../../components/Icon.js';
import { Loading, Refusal } from '../../components/Said.js';
import { TypeBadge } from '../../components/TypeBadge.js';
import { filesOf, type JobFile } from '../../fhir/jobs.js';
import { useApi } from '../../session/queries.js';

const kinds: Readonly<Record<JobFile['kind'], string>> = { output: '', deleted: 'deletions', error: 'what went wrong' };

/** Gives a file to the browser to save. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** The files of a job that is complete, to download. */
export function Files({ id }: { readonly id: string }) {
  const api = useApi();
  const { data, error } = useQuery({
    queryKey: [api.version, 'job', id],
    queryFn: async ({ signal }) => (await api.send(`_jobs/${id}`, { signal })).json,
  });
  const [refused, setRefused] = useState<unknown>();
  if (error !== null) return <Refusal error={error} />;
  if (data === undefined) return <Loading lines={2} />;
  const files = filesOf(data);
  if (files.length === 0) {
    const { resources, deleted } = data as { readonly resources?: number; readonly deleted?: number };
    return (
      <p className="soft small">
        {resources === undefined
          ? 'Nothing was found to be written: there are no files.'
          : `${resources.toLocaleString()} resources and ${(deleted ?? 0).toLocaleString()} deletions are indexed.`}
      </p>
    );
  }
  return (
    <>
      {refused === undefined ? null : <Refusal error={refused} />}
      <ul className="job-files">
        {files.map((file, place) => {
          const { url, source } = file;
          const name = (url ?? source ?? '').split('?')[0]?.split('/').at(-1) ?? '';
          return (
            <li key={place} className={file.kind === 'error' ? 'is-wrong' : ''}>
              {source === undefined ? <TypeBadge type={file.type} /> : <code>{source.split('/').at(-1)}</code>}
              <span className="soft small">{kinds[file.kind]}</span>
              <span className="numbers soft small">
                {file.count === undefined
                  ? ''
                  : source === undefined || file.kind === 'error'
                    ? `${file.count.toLocaleString()} ${file.count === 1 ? 'line' : 'lines'}`
                    : `${file.count.toLocaleString()} stored`}
              </span>
              {url === undefined ? (
                <span />
              ) : (
                <button
                  type="button"
                  className="button"
                  aria-label={`Download ${name}`}
                  onClick={() => {
                    setRefused(undefined);
                    api
                      .file(url)
                      .then((blob) => {
                        save(blob, name);
                      })
                      .catch(setRefused);
                  }}
                >
                  <Icon name="down" />
                  {name}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}
