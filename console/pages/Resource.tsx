import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { Ago } from '../components/Ago.js';
import { CopyAs } from '../components/CopyAs.js';
import { PageHead } from '../components/fields.js';
import { Loading, Refusal } from '../components/Said.js';
import { Status } from '../components/Value.js';
import { TypeBadge } from '../components/TypeBadge.js';
import { RequestError } from '../fhir/outcome.js';
import { dateText, statusOf, titleOf, whenOf } from '../fhir/text.js';
import { useApi } from '../session/queries.js';
import { Details } from './resource/Details.js';
import { Edit } from './resource/Edit.js';
import { History } from './resource/History.js';
import { PointsHere } from './resource/PointsHere.js';
import { type Stored, storedQuery } from './resource/stored.js';
import { Banner } from './patient/Banner.js';
import '../style/resource.css';

const parts = {
  overview: () => import('./patient/Overview.js'),
  timeline: () => import('./patient/Timeline.js'),
  charts: () => import('./patient/Charts.js'),
  graph: () => import('./resource/Graph.js'),
};
const Overview = lazy(parts.overview);
const Timeline = lazy(parts.timeline);
const Charts = lazy(parts.charts);
const Graph = lazy(parts.graph);

type Tab = readonly [id: string, text: string];

const patientTabs: readonly Tab[] = [
  ['overview', 'Overview'],
  ['timeline', 'Timeline'],
  ['charts', 'Charts'],
];
const commonTabs: readonly Tab[] = [
  ['details', 'Details'],
  ['json', 'JSON'],
  ['history', 'History'],
  ['links', 'What points here'],
  ['graph', 'Graph'],
];

const tabsOf = (type: string): readonly Tab[] =>
  type === 'Patient'
    ? [...patientTabs, ...commonTabs]
    : type === 'Encounter'
      ? [...commonTabs, ['timeline', 'Everything']]
      : commonTabs;

function Shown({
  tab,
  type,
  id,
  stored,
}: {
  readonly tab: string;
  readonly type: string;
  readonly id: string;
  readonly stored: Stored;
}): ReactNode {
  switch (tab) {
    case 'overview':
      return <Overview id={id} />;
    case 'timeline':
      return <Timeline type={type} id={id} />;
    case 'charts':
      return <Charts id={id} />;
    case 'json':
      return <Edit key={`${type}/${id}`} type={type} stored={stored} first={stored.text} />;
    case 'history':
      return <History type={type} id={id} />;
    case 'graph':
      return <Graph resource={stored.resource} />;
    case 'links':
      return <PointsHere type={type} id={id} />;
    default:
      return <Details resource={stored.resource} />;
  }
}

/** One resource: in words, as JSON to edit, its history, what points to it; of a patient the record. */
export function Resource() {
  const api = useApi();
  const { type, id } = useParams({ from: '/$version/$type/$id' });
  const tabs = tabsOf(type);
  const { tab = tabs[0]?.[0] ?? 'details' } = useSearch({ from: '/$version/$type/$id' });
  const { data: last, error } = useQuery(storedQuery(api, type, id));
  // What was seen before it was deleted or closed to this person is not shown as if it were still so.
  const data = error instanceof RequestError && error.status > 0 ? undefined : last;
  const isDeleted = error instanceof RequestError && error.status === 410;
  const url = `${api.base}/${type}/${id}`;
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    nav.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [tab]);
  // What the next click may need is there when it comes.
  useEffect(() => {
    const timer = setTimeout(() => {
      if (type === 'Patient') void Promise.all([parts.timeline(), parts.charts()]);
      void Promise.all([parts.graph(), import('../components/Editor.js')]);
    }, 1500);
    return () => {
      clearTimeout(timer);
    };
  }, [type]);
  const resource = data?.resource;
  const when = resource === undefined || type === 'Patient' ? undefined : whenOf(resource);
  const status = resource === undefined || type === 'Patient' ? undefined : statusOf(resource);
  return (
    <>
      <PageHead
        above={
          <p className="row small crumbs">
            <Link to="/$version/$type" params={{ version: api.version, type }}>
              <TypeBadge type={type} />
            </Link>
            <code className="soft">{id}</code>
          </p>
        }
        title={resource === undefined ? `${type}/${id}` : titleOf(resource)}
        lead={
          resource === undefined ? undefined : (
            <span className="row">
              {status === undefined ? null : <Status status={status} />}
              {when === undefined ? null : <span>{dateText(when)}</span>}
              <span className="small">
                version {data?.versionId}, changed <Ago when={resource.meta?.lastUpdated} />
              </span>
            </span>
          )
        }
      >
        <CopyAs
          label="Copy as"
          written={[
            { id: 'url', text: 'URL', hint: 'GET', code: url },
            { id: 'reference', text: 'Reference', hint: `${type}/…`, code: `${type}/${id}` },
            {
              id: 'curl',
              text: 'curl',
              hint: 'command line',
              code: `curl -s -H "Authorization: Bearer $TOKEN" '${url}'`,
            },
            {
              id: 'graphql',
              text: 'GraphQL',
              hint: 'query',
              code: `{\n  ${type}(id: "${id}") {\n    id\n    meta { versionId lastUpdated }\n  }\n}`,
            },
          ]}
        />
      </PageHead>
      {type === 'Patient' && resource !== undefined ? <Banner patient={resource} /> : null}
      <nav ref={nav} className="tabs" aria-label="Parts of this page">
        {tabs.map(([each, text]) => (
          <Link
            key={each}
            className="tab"
            to="/$version/$type/$id"
            params={{ version: api.version, type, id }}
            search={{ tab: each }}
            aria-current={each === tab ? 'page' : undefined}
          >
            {text}
          </Link>
        ))}
      </nav>
      {error === null ? null : <Refusal error={error} />}
      {isDeleted ? (
        <History type={type} id={id} />
      ) : data === undefined ? (
        error === null ? (
          <Loading lines={8} />
        ) : null
      ) : (
        <Suspense fallback={<Loading lines={8} />}>
          <Shown tab={tab} type={type} id={id} stored={data} />
        </Suspense>
      )}
    </>
  );
}
