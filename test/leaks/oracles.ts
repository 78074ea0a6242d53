import type { FhirDefinitions } from '../../fhir/definitions.js';
import { type Recorded, recordedTypes, secretOf } from './record.js';

/** A request whose answer must not depend on what who asks may not see. */
export interface OracleRequest {
  readonly method: string;
  /** Below the base. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const get = (path: string, headers?: Record<string, string>): OracleRequest => ({
  method: 'GET',
  path,
  ...(headers === undefined ? {} : { headers }),
});
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };
const jsonPatch = { 'content-type': 'application/json-patch+json' };

/** Conditions that a hidden resource's values, ids and links decide, for each type that leads to it. */
function conditions({ searchParameters }: FhirDefinitions, hidden: Recorded): string[] {
  const { type, id, patient = 'p2' } = hidden;
  const secret = secretOf(hidden);
  const word = { Patient: 'family', Observation: 'code:text', List: 'title', Organization: 'name' }[type];
  const own = [
    `_id=${id}`,
    `_id:not=${id}`,
    '_lastUpdated=gt2000-01-01',
    `_text=${secret}`,
    `_content=${secret}`,
    ...(word === undefined ? [] : [`${word}=${secret}`]),
  ];
  const leading = recordedTypes.flatMap((owner) =>
    searchParameters
      .ofType(owner)
      .filter((parameter) => parameter.type === 'reference' && parameter.targets.includes(type))
      .map(({ code }) => ({ owner, code })),
  );
  const back = searchParameters
    .ofType(type)
    .filter((parameter) => parameter.type === 'reference')
    .flatMap(({ code, targets }) =>
      targets.filter((target) => recordedTypes.includes(target)).map((target) => ({ target, code })),
    );
  return [
    ...own.map((condition) => `${type}?${condition}`),
    ...leading.flatMap(({ owner, code }) => [
      `${owner}?${code}=${type}/${id}`,
      `${owner}?${code}:missing=false`,
      `${owner}?_sort=${code}`,
      ...own.map((condition) => `${owner}?${code}:${type}.${condition}`),
      `${owner}?${code}:${type}.${owner === 'Patient' ? '_id' : '_lastUpdated'}:missing=false`,
    ]),
    ...back.flatMap(({ target, code }) => own.map((condition) => `${target}?_has:${type}:${code}:${condition}`)),
    `${type}?_list=list-${patient}`,
  ];
}

/** What is asked of searches beside their conditions: how many there are, in what order, with what else, and by which way. */
function searches(definitions: FhirDefinitions, hidden: Recorded): OracleRequest[] {
  const all = [...new Set(conditions(definitions, hidden))];
  const { type, id, patient = 'p2' } = hidden;
  const secret = secretOf(hidden);
  return [
    ...all.flatMap((path, place) => [
      get(path),
      get(
        `${path}&${['_summary=count', '_total=accurate&_count=1', '_count=0', '_sort=-_lastUpdated&_count=1'][place % 4] ?? ''}`,
      ),
    ]),
    ...all
      .filter((_, place) => place % 5 === 0)
      .map((path): OracleRequest => {
        const [owner, query] = path.split('?');
        return { method: 'POST', path: `${owner ?? ''}/_search`, headers: form, body: query ?? '' };
      }),
    get(`Observation?_filter=${encodeURIComponent('subject re Patient/p2 or code eq "x"')}`),
    get(`Observation?_filter=${encodeURIComponent(`subject.family co "${secret}"`)}`),
    get(`Patient?_filter=${encodeURIComponent(`_id eq ${id} or family co "${secret}"`)}`),
    get(`?_type=Patient,Observation,List&_id=${id}`),
    get('Observation?_include:iterate=Observation:has-member&_include=Observation:subject'),
    get(
      'Observation?_id=lab-p1&_include=Observation:has-member&_revinclude:iterate=Observation:has-member&_revinclude=List:item',
    ),
    get('Patient?_id=p1&_revinclude=List:subject&_include:iterate=List:item&_include:iterate=Observation:subject'),
    get(`${type}?_id=${id}`, { prefer: 'handling=strict' }),
    get(`Patient/${patient}/Observation?code:text=${secret}`),
    get(`Patient/${patient}/*?_count=1`),
    get(`Observation/$lastn?patient=${patient}`),
    get(`Observation/$lastn?subject=Patient/${patient}&_include=Observation:has-member`),
    get('Observation/$lastn?_has:List:item:_lastUpdated=gt2000-01-01'),
    get('Composition/$document?id=composition-p2'),
    get('Composition/composition-p1/$document'),
    get('Composition/composition-p1/$document?persist=false'),
    get('Composition?_include=Composition:entry'),
    get('DocumentReference/documentreference-p2'),
    get('Composition/composition-p2/$document'),
    get(`DocumentReference/$docref?patient=${patient}`),
    get(`Patient/${patient}/$everything`),
    get('Patient/$everything'),
    get('Patient/p1/$everything?_type=Observation,List,Coverage'),
    get('$meta'),
    get(`${type}/$meta`),
    get(`${type}/${id}/$meta`),
  ];
}

/** Reads by the id of what is hidden, with what a cache or another program would say. */
const reads = ({ type, id }: Recorded): OracleRequest[] => [
  get(`${type}/${id}`),
  get(`${type}/${id}`, { 'if-none-match': 'W/"1"' }),
  get(`${type}/${id}`, { 'if-modified-since': 'Wed, 01 Jan 2031 00:00:00 GMT' }),
  { method: 'HEAD', path: `${type}/${id}` },
  get(`${type}/${id}/_history`),
  get(`${type}/${id}/_history/1`),
  get(`${type}/${id}/_history/9`),
  get(`${type}/${id}?_summary=count`),
  get(`${type}/${id}?_elements=nothing`),
  get(`${type}/${id}`, { accept: 'application/xml' }),
  get(`${type}/${id}/$nothing`),
  get(`${type}/_history?_count=1`),
  get('_history?_count=1&_since=2000-01-01T00:00:00Z'),
  get('_history?_at=gt2000-01-01'),
];

const parameters = (...parameter: object[]): object => ({ resourceType: 'Parameters', parameter });
const bundle = (type: string, ...entry: object[]): OracleRequest => ({
  method: 'POST',
  path: '',
  body: { resourceType: 'Bundle', type, entry },
});

/** Writes that name what is hidden, or whose criteria would match it. */
function writes({ type, id, versions }: Recorded): OracleRequest[] {
  const resource = versions.at(-1) ?? {};
  const own = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'own' },
    subject: { reference: 'Patient/p1' },
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] },
    ],
  };
  const pointing = { ...own, derivedFrom: [{ reference: `${type}?_id=${id}` }] };
  const patch = [{ op: 'add', path: '/language', value: 'en' }];
  const urn = 'urn:uuid:0b8a5ed5-32d1-4b1a-8a9b-4d2d6a5d0001';
  return [
    { method: 'PUT', path: `${type}/${id}`, body: resource, headers: { 'if-match': 'W/"1"' } },
    { method: 'PUT', path: `${type}/${id}`, body: resource, headers: { 'if-match': 'W/"99"' } },
    { method: 'PUT', path: `${type}/${id}`, body: { resourceType: type, id, nothing: true } },
    { method: 'PUT', path: `${type}?_id=${id}`, body: { ...resource, id: undefined } },
    { method: 'PATCH', path: `${type}/${id}`, headers: jsonPatch, body: JSON.stringify(patch) },
    {
      method: 'PATCH',
      path: `${type}/${id}`,
      headers: { ...jsonPatch, 'if-match': 'W/"99"' },
      body: JSON.stringify(patch),
    },
    {
      method: 'PATCH',
      path: `${type}/${id}`,
      headers: jsonPatch,
      body: JSON.stringify([{ op: 'test', path: '/id', value: id }]),
    },
    { method: 'PATCH', path: `${type}?_id=${id}`, headers: jsonPatch, body: JSON.stringify(patch) },
    { method: 'DELETE', path: `${type}/${id}` },
    { method: 'DELETE', path: `${type}/${id}`, headers: { 'if-match': 'W/"99"' } },
    { method: 'DELETE', path: `${type}?_id=${id}` },
    { method: 'POST', path: 'Observation', headers: { 'if-none-exist': `_id=${id}` }, body: own },
    { method: 'POST', path: 'Observation', headers: { 'if-none-exist': `subject=Patient/p2` }, body: own },
    {
      method: 'POST',
      path: `${type}/${id}/$meta-add`,
      body: parameters({ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }),
    },
    { method: 'POST', path: `${type}/${id}/$validate`, body: parameters({ name: 'resource', resource }) },
    { method: 'POST', path: `${type}/${id}/$validate?mode=delete`, body: parameters() },
    {
      method: 'POST',
      path: `${type}/$validate`,
      body: parameters({ name: 'resource', resource }, { name: 'mode', valueCode: 'create' }),
    },
    {
      method: 'PUT',
      path: 'Observation/lab-p1',
      body: { ...own, id: 'lab-p1' },
      headers: {
        'x-provenance': JSON.stringify({
          resourceType: 'Provenance',
          recorded: '2020-01-01T00:00:00Z',
          agent: [{ who: { reference: `${type}/${id}` } }],
          entity: [{ role: 'source', what: { reference: `${type}?_id=${id}` } }],
        }),
      },
    },
    bundle('transaction', { resource: pointing, request: { method: 'POST', url: 'Observation' } }),
    bundle(
      'transaction',
      { fullUrl: urn, resource: own, request: { method: 'POST', url: 'Observation', ifNoneExist: `_id=${id}` } },
      {
        resource: { ...own, hasMember: [{ reference: urn }] },
        request: { method: 'POST', url: 'Observation' },
      },
    ),
    bundle('transaction', { request: { method: 'GET', url: `${type}/${id}` } }),
    bundle('transaction', { request: { method: 'DELETE', url: `${type}?_id=${id}` } }),
    bundle('transaction', { resource, request: { method: 'PUT', url: `${type}/${id}`, ifMatch: 'W/"99"' } }),
    bundle(
      'batch',
      { request: { method: 'GET', url: `${type}/${id}`, ifNoneMatch: 'W/"1"' } },
      { request: { method: 'DELETE', url: `${type}/${id}` } },
    ),
    {
      method: 'POST',
      path: '$graphql',
      headers: json,
      body: JSON.stringify({
        query: `{ a: ${type}(id: "${id}") { id } b: ${type}List(_id: "${id}") { id } ${type}Connection(_count: 1) { count } }`,
      }),
    },
    {
      method: 'POST',
      path: '$graphql',
      headers: json,
      body: JSON.stringify({
        query:
          '{ Observation(id: "lab-p1") { subject { resource { ... on Patient { id } } } hasMember { resource(optional: true) { ... on Observation { id } } } } }',
      }),
    },
    {
      method: 'POST',
      path: '$graphql',
      headers: json,
      body: JSON.stringify({
        query: '{ Observation(id: "lab-p1") { hasMember { resource { ... on Observation { id } } } } }',
      }),
    },
  ];
}

/** What the console asks of its own accord: on its home page, of a resource, of what points to one, of jobs and the audit trail. */
const byConsole = ({ type, id, patient = 'p2' }: Recorded): OracleRequest[] => [
  get('$permissions'),
  get('$index-lag'),
  get('_jobs'),
  get(`_history?_count=8&_type=${recordedTypes.join(',')}`),
  bundle('batch', ...recordedTypes.map((each) => ({ request: { method: 'GET', url: `${each}?_summary=count` } }))),
  bundle(
    'batch',
    ...['List?item', 'Observation?has-member', 'Observation?subject', 'AuditEvent?entity'].map((query) => ({
      request: { method: 'GET', url: `${query}=${type}/${id}&_summary=count` },
    })),
  ),
  get(`${type}/${id}?_pretty=true`),
  get(`${type}/${id}/_history?_count=200`),
  get(`Patient/${patient}/$everything?_count=200`),
  get('AuditEvent?_summary=count&outcome=4'),
  get(`AuditEvent?patient=Patient/${patient}&_sort=-date&_count=50`),
];

/** All that is asked about a hidden resource: what reads, and then what writes. */
export const oracleRequests = (definitions: FhirDefinitions, hidden: Recorded): readonly OracleRequest[] => [
  ...reads(hidden),
  ...byConsole(hidden),
  ...searches(definitions, hidden),
  ...writes(hidden),
];
