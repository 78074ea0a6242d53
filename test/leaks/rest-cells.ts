import type { FhirDefinitions } from '../../fhir/definitions.js';
import { operationsAt } from '../../interactions/operations/find-operation.js';
import type { Operation, OperationLevel } from '../../interactions/operations/operation.js';
import { type Route, routeOf } from '../../rest/routes.js';
import { type Recorded, recordedTypes } from './record.js';

/** A request that leads to a resource, if anything lets it. */
export interface RestCell {
  readonly kind: Route['kind'];
  readonly method: string;
  /** Below the base. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Whether it writes the resource. */
  readonly writes?: true;
}

type Cells = (definitions: FhirDefinitions, target: Recorded) => readonly Omit<RestCell, 'kind'>[];

const get = (path: string): Omit<RestCell, 'kind'> => ({ method: 'GET', path });
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const patchBody = [{ op: 'add', path: '/language', value: 'en' }];
const jsonPatch = { 'content-type': 'application/json-patch+json' };

/** The searches of a type that lead to a resource: by itself, its patient, what refers to it, and what it refers to. */
function searchesFor({ searchParameters }: FhirDefinitions, { type, id, patient }: Recorded): string[] {
  const has = (owner: string, code: string): boolean => searchParameters.find(owner, code) !== undefined;
  const references = recordedTypes.flatMap((owner) =>
    searchParameters
      .ofType(owner)
      .filter((parameter) => parameter.type === 'reference' && parameter.targets.includes(type))
      .map(({ code }) => ({ owner, code })),
  );
  const searches = [
    `${type}?_id=${id}`,
    `${type}?_id=${id}&_summary=count`,
    `${type}?_id=${id}&_elements=id,name,code,title,source,subscriberId`,
    `${type}?_lastUpdated=gt2000-01-01&_count=1000`,
    `${type}?_sort=-_lastUpdated`,
    `${type}?_content=secret`,
    `?_type=${type}&_id=${id}`,
    '?_lastUpdated=gt2000-01-01&_count=1000',
    ...(patient !== undefined && has(type, 'patient')
      ? [`${type}?patient=${patient}`, `${type}?patient:Patient._id=${patient}`]
      : []),
    ...(patient === undefined ? [] : [`Patient/${patient}/${type}`, `Patient/${patient}/*`]),
    ...(patient === undefined ? [] : [`${type}?_list=list-${patient}`]),
    ...references.map(({ owner, code }) => `${owner}?_include=${owner}:${code}`),
    ...references.slice(0, 3).map(({ owner, code }) => `${type}?_has:${owner}:${code}:_lastUpdated=gt2000-01-01`),
    'Observation?_include=*',
    'Patient?_revinclude=*',
    ...searchParameters
      .ofType(type)
      .filter((parameter) => parameter.type === 'reference')
      .flatMap(({ code, targets }) =>
        targets.filter((each) => recordedTypes.includes(each)).map((each) => `${each}?_revinclude=${type}:${code}`),
      ),
  ];
  return [...new Set(searches)];
}

/** A resource as it is, its id aside. */
const contentOf = ({ versions }: Recorded): object => versions.at(-1) ?? {};
const readsIn = (definitions: FhirDefinitions, target: Recorded): string[] => [
  `${target.type}/${target.id}`,
  `${target.type}/${target.id}/_history`,
  `${target.type}/${target.id}/_history/1`,
  `${target.type}/_history`,
  '_history',
  ...searchesFor(definitions, target).slice(0, 8),
];

function operationCells(
  definitions: FhirDefinitions,
  level: OperationLevel,
  target: Recorded,
): Omit<RestCell, 'kind'>[] {
  const { type, id } = target;
  const place = { system: '', type: `${type}/`, instance: `${type}/${id}/` }[level];
  const operations = operationsAt(definitions, level, level === 'system' ? undefined : type);
  return operations.flatMap((operation) => {
    const path = `${place}$${operation.name}`;
    if (!operation.affectsState) return [get(path), { method: 'POST', path, body: parametersOf(operation) }];
    return [
      {
        method: 'POST',
        path,
        body: parametersOf(operation),
        ...(level === 'instance' ? { writes: true as const } : {}),
      },
    ];
  });
}

const parametersOf = ({ parameters }: Operation): object => {
  const meta = { name: 'meta', valueMeta: { tag: [{ code: 'x' }] } };
  const parameter = parameters.some(({ name }) => name === 'meta') ? [meta] : [];
  return { resourceType: 'Parameters', ...(parameter.length === 0 ? {} : { parameter }) };
};

const bundleOf = (type: 'batch' | 'transaction', entry: readonly object[]): Omit<RestCell, 'kind'> => ({
  method: 'POST',
  path: '',
  body: { resourceType: 'Bundle', type, entry },
});

/** By every kind of route, how it leads to a resource. A new kind of route is an error here until it has its cells. */
const cellsOf: { readonly [Kind in Route['kind']]: Cells } = {
  capabilities: () => [get('metadata')],
  'smart-configuration': () => [get('.well-known/smart-configuration')],
  read: (_, { type, id }) => [get(`${type}/${id}`), get(`${type}/${id}?_summary=true`)],
  vread: (_, { type, id, versions }) => versions.map((__, place) => get(`${type}/${id}/_history/${String(place + 1)}`)),
  history: (_, { type, id }) => [
    get(`${type}/${id}/_history`),
    get(`${type}/_history?_count=1000`),
    get('_history?_count=1000'),
    get(`_history?_at=gt2000-01-01&_count=1000`),
  ],
  search: (definitions, target) => searchesFor(definitions, target).map(get),
  'search-by-post': (definitions, target) =>
    searchesFor(definitions, target)
      .slice(0, 4)
      .map((query) => ({
        method: 'POST',
        path: `${target.type}/_search`,
        headers: form,
        body: query.split('?')[1] ?? '',
      })),
  operation: (definitions, target) => [
    ...(['system', 'type', 'instance'] as const).flatMap((level) => operationCells(definitions, level, target)),
    ...(target.patient === undefined ? [] : [get(`Patient/${target.patient}/$everything`), get('Patient/$everything')]),
  ],
  create: (_, target) => [
    { method: 'POST', path: target.type, body: contentOf(target), writes: true },
    {
      method: 'POST',
      path: target.type,
      headers: { 'if-none-exist': `_id=${target.id}` },
      body: contentOf(target),
      writes: true,
    },
  ],
  update: (_, target) => [
    { method: 'PUT', path: `${target.type}/${target.id}`, body: contentOf(target), writes: true },
    { method: 'PUT', path: `${target.type}/${target.id}`, headers: { 'if-match': 'W/"9"' }, body: contentOf(target) },
  ],
  patch: (_, { type, id }) => [
    { method: 'PATCH', path: `${type}/${id}`, headers: jsonPatch, body: JSON.stringify(patchBody), writes: true },
  ],
  delete: (_, { type, id }) => [{ method: 'DELETE', path: `${type}/${id}`, writes: true }],
  'conditional-update': (_, target) => [
    { method: 'PUT', path: `${target.type}?_id=${target.id}`, body: contentOf(target), writes: true },
  ],
  'conditional-patch': (_, { type, id }) => [
    { method: 'PATCH', path: `${type}?_id=${id}`, headers: jsonPatch, body: JSON.stringify(patchBody), writes: true },
  ],
  'conditional-delete': (_, { type, id }) => [{ method: 'DELETE', path: `${type}?_id=${id}` }],
  // Of nobody's jobs: what is in files of those that somebody may begin, exports.test.ts looks for.
  jobs: () => [get('_jobs')],
  job: (_, { id }) => [get(`_jobs/${id}`)],
  'job-cancel': (_, { id }) => [{ method: 'DELETE', path: `_jobs/${id}` }],
  'job-file': (_, { type, id }) => [get(`_jobs/${id}/${type}-0000-000000.ndjson`)],
  bundle: (definitions, target) => {
    const { type, id } = target;
    const reads = readsIn(definitions, target).map((url) => ({ request: { method: 'GET', url } }));
    const resource = contentOf(target);
    const writing = [
      { resource, request: { method: 'PUT', url: `${type}/${id}` } },
      { request: { method: 'DELETE', url: `${type}/${id}` } },
      { resource, request: { method: 'PUT', url: `${type}?_id=${id}` } },
      { resource, request: { method: 'POST', url: type, ifNoneExist: `_id=${id}` } },
      {
        resource: {
          resourceType: 'List',
          status: 'current',
          mode: 'working',
          entry: [{ item: { reference: `${type}?_id=${id}` } }],
        },
        request: { method: 'POST', url: 'List' },
      },
    ];
    return [
      bundleOf('batch', reads),
      ...reads.slice(0, 5).map((entry) => bundleOf('transaction', [entry])),
      ...writing.map((entry) => ({ ...bundleOf('transaction', [entry]), writes: true as const })),
    ];
  },
};

/**
 * Every way the routes' table has to a resource.
 * @throws Error when a request is not of the kind it stands under.
 */
export function restCells(definitions: FhirDefinitions, target: Recorded): readonly RestCell[] {
  return Object.entries(cellsOf).flatMap(([kind, cells]) =>
    cells(definitions, target).map((cell) => {
      const [path = ''] = cell.path.split('?');
      const route = routeOf(definitions, cell.method, `/${path}`);
      if (route.kind === 'none' || route.kind !== kind)
        throw new Error(`${cell.method} ${cell.path} is ${route.kind}, not ${kind}`);
      return { kind: route.kind, ...cell };
    }),
  );
}
