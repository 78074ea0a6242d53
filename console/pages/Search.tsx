import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { CopyAs } from '../components/CopyAs.js';
import { Choose, PageHead, Segments } from '../components/fields.js';
import { Icon } from '../components/Icon.js';
import { Empty, Loading, Refusal } from '../components/Said.js';
import { Titles } from '../components/Titles.js';
import { TypeBadge } from '../components/TypeBadge.js';
import { nextPageOf, resourcesOf } from '../fhir/bundle.js';
import { columnName, elementsOf, standardColumns } from '../fhir/columns.js';
import { writtenAs } from '../fhir/copy-as.js';
import { type Resource, textAt } from '../fhir/json.js';
import { directiveOf, pairsOf, queryOf, withDirective } from '../fhir/query.js';
import { titleOf } from '../fhir/text.js';
import { useApi, useCapabilities, usePermissions } from '../session/queries.js';
import { Builder } from './search/Builder.js';
import { Results } from './search/Results.js';
import '../style/search.css';

const Code = lazy(() => import('../components/Code.js'));

const views: readonly { readonly id: string; readonly text: string }[] = [
  { id: 'table', text: 'Table' },
  { id: 'json', text: 'JSON' },
];

function Columns({
  resources,
  type,
  columns,
  onChange,
}: {
  readonly resources: readonly Resource[];
  readonly type: string;
  readonly columns: readonly string[];
  readonly onChange: (columns: readonly string[] | undefined) => void;
}) {
  const all = [...new Set(['@title', '@when', '@status', '@updated', '@id', ...columns, ...elementsOf(resources)])];
  return (
    <DialogTrigger>
      <Button className="button">
        <Icon name="columns" />
        Columns
      </Button>
      <Popover className="popover" placement="bottom end">
        <Dialog className="columns-choice" aria-label="Columns">
          {all.map((column) => (
            <label key={column} className="row">
              <input
                type="checkbox"
                checked={columns.includes(column)}
                onChange={(event) => {
                  onChange(event.target.checked ? [...columns, column] : columns.filter((each) => each !== column));
                }}
              />
              {columnName(column, type)}
            </label>
          ))}
          <button
            type="button"
            className="button"
            onClick={() => {
              onChange(undefined);
            }}
          >
            As at first
          </button>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

/** Search of one type: what is asked for stands in the address, so that it can be kept and sent. */
export function Search() {
  const api = useApi();
  const { type } = useParams({ from: '/$version/$type' });
  const { q = '', page, columns: chosen, view = 'table' } = useSearch({ from: '/$version/$type' });
  const navigate = useNavigate();
  const capabilities = useCapabilities();
  const permissions = usePermissions();
  const of = capabilities.data?.types.get(type);
  const pairs = pairsOf(q);
  const count = directiveOf(pairs, '_count') ?? '20';
  const query = queryOf(withDirective(pairs, '_count', count));
  const [before, setBefore] = useState<readonly (string | undefined)[]>([]);
  const found = useQuery({
    queryKey: [api.version, 'search', type, query, page ?? ''],
    queryFn: async ({ signal }) => api.send(page ?? `${type}?${query}`, { signal }),
    placeholderData: keepPreviousData,
    enabled: of !== undefined,
  });
  if (capabilities.data !== undefined && of === undefined)
    return (
      <Empty icon="search" title={`FHIR ${api.version.toUpperCase()} has no type ${type}`}>
        <p>
          <Link to="/$version" params={{ version: api.version }}>
            Home shows the types there are.
          </Link>
        </p>
      </Empty>
    );
  const go = (changed: {
    q?: string;
    page?: string | undefined;
    columns?: string | undefined;
    view?: string;
  }): void => {
    void navigate({
      to: '/$version/$type',
      params: { version: api.version, type },
      search: { q, columns: chosen, view, page, ...changed },
    });
  };
  const bundle = found.data?.json;
  const matches = resourcesOf(bundle, 'match');
  const included = resourcesOf(bundle, 'include');
  const next = nextPageOf(api, bundle);
  const total = textAt(bundle, 'total');
  const columns = chosen?.split(',').filter((each) => each !== '') ?? standardColumns(type, matches);
  const mayCreate = permissions.data?.may('create', type) !== 'no';
  return (
    <>
      <PageHead title={type}>
        <CopyAs label="Copy as" written={writtenAs(api, type, queryOf(pairs), pairs, location.href)} />
        {mayCreate ? (
          <Link className="button primary" to="/$version/new/$type" params={{ version: api.version, type }}>
            <Icon name="plus" />
            New {type}
          </Link>
        ) : null}
      </PageHead>
      {capabilities.error !== null ? <Refusal error={capabilities.error} /> : null}
      {capabilities.data === undefined || of === undefined ? (
        <Loading />
      ) : (
        <Builder
          key={`${type}?${q}`}
          capabilities={capabilities.data}
          of={of}
          query={q}
          onType={(chosenType) => {
            void navigate({ to: '/$version/$type', params: { version: api.version, type: chosenType } });
          }}
          onSearch={(asked) => {
            setBefore([]);
            if (asked === q) void found.refetch();
            go({ q: asked, page: undefined });
          }}
        />
      )}
      {found.error !== null ? (
        <Refusal error={found.error} />
      ) : found.data === undefined ? (
        <Loading lines={8} />
      ) : (
        <section className="card" aria-busy={found.isFetching} aria-label="Results">
          <div className="card-head">
            <h2 className="numbers" role="status">
              {total === undefined ? `${String(matches.length)} found` : `${Number(total).toLocaleString()} found`}
            </h2>
            <div className="row spread">
              <Segments
                label="Shown as"
                choices={views}
                value={view}
                onChange={(each) => {
                  go({ view: each });
                }}
              />
              {view === 'table' && matches.length > 0 ? (
                <Columns
                  resources={matches}
                  type={type}
                  columns={columns}
                  onChange={(changed) => {
                    go({ columns: changed?.join(',') });
                  }}
                />
              ) : null}
            </div>
          </div>
          {view === 'json' ? (
            <Suspense fallback={<Loading />}>
              <Code text={JSON.stringify(bundle, null, 2)} label="The answer as JSON" />
            </Suspense>
          ) : matches.length === 0 ? (
            <Empty icon="search" title="Nothing matches">
              <p>
                {pairs.length === 0
                  ? `There is no ${type} that you may see.`
                  : 'All conditions must hold. Leave one out, or compare by “contains” instead of “begins with”.'}
              </p>
            </Empty>
          ) : (
            <Titles resources={matches} known={included}>
              <Results
                type={type}
                resources={matches}
                columns={columns}
                parameters={of?.parameters ?? []}
                sort={directiveOf(pairs, '_sort')}
                onSort={(sort) => {
                  setBefore([]);
                  go({ q: queryOf(withDirective(pairs, '_sort', sort)), page: undefined });
                }}
              />
            </Titles>
          )}
          {included.length === 0 || view === 'json' ? null : (
            <div className="card-body included">
              <h3>Also brought</h3>
              <ul>
                {included.map((resource) => (
                  <li key={`${resource.resourceType}/${resource.id ?? ''}`} className="row">
                    <TypeBadge type={resource.resourceType} />
                    <Link
                      to="/$version/$type/$id"
                      params={{ version: api.version, type: resource.resourceType, id: resource.id ?? '' }}
                    >
                      {titleOf(resource)}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          )}
          <div className="row paging">
            <Choose
              label="Rows on a page"
              isLabelHidden
              choices={[...new Set(['10', '20', '50', '100', '500', count])].map((id) => ({
                id,
                text: `${id} a page`,
              }))}
              value={count}
              onChange={(rows) => {
                setBefore([]);
                go({ q: queryOf(withDirective(pairs, '_count', rows)), page: undefined });
              }}
            />
            <div className="row spread">
              <button
                type="button"
                className="button"
                disabled={page === undefined}
                onClick={() => {
                  go({ page: before.at(-1) });
                  setBefore(before.slice(0, -1));
                }}
              >
                <Icon name="left" />
                {before.length === 0 && page !== undefined ? 'First page' : 'Before'}
              </button>
              <button
                type="button"
                className="button"
                disabled={next === undefined}
                onClick={() => {
                  setBefore([...before, page]);
                  go({ page: next });
                }}
              >
                Next
                <Icon name="right" />
              </button>
            </div>
          </div>
        </section>
      )}
    </>
  );
}
