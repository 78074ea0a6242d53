import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Ago } from '../components/Ago.js';
import { Confirm } from '../components/Confirm.js';
import { PageHead } from '../components/fields.js';
import { Icon, type IconName } from '../components/Icon.js';
import { Empty, Loading, Refusal } from '../components/Said.js';
import { type Job } from '../fhir/jobs.js';
import { dateText } from '../fhir/text.js';
import { jobsQuery, useApi, useCapabilities, usePermissions } from '../session/queries.js';
import { BeginExport, BeginImport, BeginReindex } from './jobs/Begin.js';
import { Files } from './jobs/Files.js';
import '../style/jobs.css';

type Beginning = 'export' | 'import' | 'reindex';

const beginnings: readonly (readonly [kind: Beginning, icon: IconName, text: string])[] = [
  ['export', 'down', 'Export'],
  ['import', 'up', 'Import'],
  ['reindex', 'search', 'Reindex'],
];
const names: Readonly<Record<string, string>> = { export: 'Export', import: 'Import', reindex: 'Index made anew' };
const icons: Readonly<Record<string, IconName>> = { export: 'down', import: 'up', reindex: 'search' };
const states: Readonly<Record<Job['state'], readonly [kind: string, text: string]>> = {
  running: ['accent', 'under way'],
  complete: ['good', 'complete'],
  failed: ['bad', 'failed'],
};

/** What a job was asked for, without the server's address. */
const askedBy = ({ request = '' }: Job): string =>
  decodeURIComponent(request.replace(/^.*?\/(?=[^/]*\$|Group\/|Patient\/\$)/, ''));

function JobItem({ job }: { readonly job: Job }) {
  const api = useApi();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<unknown>();
  const [kind, text] = states[job.state];
  const remove = (): void => {
    setError(undefined);
    api
      .send(`_jobs/${job.id}`, { method: 'DELETE' })
      .then(() => queries.invalidateQueries({ queryKey: [api.version, 'jobs'] }))
      .catch(setError);
  };
  return (
    <li className="job">
      <div className="job-line">
        <Icon name={icons[job.kind] ?? 'clock'} />
        <strong>{names[job.kind] ?? job.kind}</strong>
        <span className={`chip ${kind}`}>{text}</span>
        <span className="soft small">
          begun <Ago when={job.created} />
          {job.expires === undefined || job.state !== 'complete' ? null : `, kept until ${dateText(job.expires)}`}
        </span>
        <div className="row spread">
          {job.state === 'complete' ? (
            <button
              type="button"
              className="button"
              aria-expanded={isOpen}
              onClick={() => {
                setOpen(!isOpen);
              }}
            >
              {job.kind === 'reindex' ? 'Result' : 'Files'}
            </button>
          ) : null}
          <Confirm
            label={job.state === 'running' ? 'Cancel' : 'Remove'}
            icon={job.state === 'running' ? 'close' : 'trash'}
            title={job.state === 'running' ? 'Cancel this job?' : 'Remove this job?'}
            onConfirm={remove}
          >
            <p>
              {job.kind === 'import'
                ? 'What it has stored stays stored.'
                : job.kind === 'reindex'
                  ? 'The index that serves stays as it is.'
                  : 'Its files are removed and cannot be downloaded any more.'}
            </p>
          </Confirm>
        </div>
      </div>
      {job.request === undefined ? null : <code className="job-request small soft">{askedBy(job)}</code>}
      {job.state === 'running' ? (
        <div className="row">
          <progress max={100} value={job.percent} aria-label={`How much of the ${job.kind} is done`} />
          <span className="numbers small">{job.percent} %</span>
        </div>
      ) : null}
      {job.failure === undefined ? null : <p className="small job-failure">{job.failure}</p>}
      {error === undefined ? null : <Refusal error={error} />}
      {isOpen ? <Files id={job.id} /> : null}
    </li>
  );
}

/** What goes on after it was asked for: exports, imports, the index made anew; begun, followed, cancelled, downloaded. */
export function Jobs() {
  const api = useApi();
  const queries = useQueryClient();
  const { data: capabilities } = useCapabilities();
  const { data: permissions } = usePermissions();
  const [begun, setBegun] = useState<Beginning>();
  const jobs = useQuery(jobsQuery(api));
  const may = (kind: Beginning): boolean =>
    capabilities?.operations.includes(kind) === true &&
    (kind === 'reindex'
      ? permissions?.mayOnServer('reindex') === true
      : permissions?.rules.some(({ interaction }) => interaction === (kind === 'export' ? 'search' : 'update')) ===
        true);
  const onBegun = (): void => {
    setBegun(undefined);
    void queries.invalidateQueries({ queryKey: [api.version, 'jobs'] });
  };
  return (
    <>
      <PageHead
        title="Jobs"
        lead="What goes on after it was asked for. Jobs and their files are kept for a day, and are seen by who began them."
      >
        {beginnings
          .filter(([kind]) => may(kind))
          .map(([kind, icon, text]) => (
            <button
              key={kind}
              type="button"
              className="button"
              aria-pressed={begun === kind}
              onClick={() => {
                setBegun(begun === kind ? undefined : kind);
              }}
            >
              <Icon name={icon} />
              {text}
            </button>
          ))}
      </PageHead>
      {begun === 'export' ? <BeginExport onBegun={onBegun} /> : null}
      {begun === 'import' ? <BeginImport onBegun={onBegun} /> : null}
      {begun === 'reindex' ? <BeginReindex onBegun={onBegun} /> : null}
      {jobs.error !== null ? (
        <Refusal error={jobs.error} />
      ) : jobs.data === undefined ? (
        <Loading lines={4} />
      ) : (
        <section className="card" aria-label="Jobs">
          {jobs.data.length === 0 ? (
            <Empty icon="clock" title="There are no jobs">
              <p>Begin one above: an export gives everything that you may see as files, at one moment.</p>
            </Empty>
          ) : (
            <ul className="jobs">
              {jobs.data.map((job) => (
                <JobItem key={job.id} job={job} />
              ))}
            </ul>
          )}
        </section>
      )}
    </>
  );
}
