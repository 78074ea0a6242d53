import { afterAll, beforeAll } from '@jest/globals';
import { fhirVersions } from '../../../fhir/version.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { describeRefusals, type WrongRequest } from './refusals.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  for (const version of fhirVersions) {
    await server.send('PUT', `/${version}/Patient/p1`, { body: { resourceType: 'Patient', id: 'p1' } });
    for (const id of ['o1', 'o2']) {
      const body = { resourceType: 'Organization', id, name: 'x', identifier: [{ system: 'urn:s', value: 'twice' }] };
      await server.send('PUT', `/${version}/Organization/${id}`, { body });
    }
    await server.send('PUT', `/${version}/Patient/gone`, { body: { resourceType: 'Patient', id: 'gone' } });
    await server.send('DELETE', `/${version}/Patient/gone`);
  }
});
afterAll(() => server.close());

const patient = { resourceType: 'Patient' };
const asPatch = { 'content-type': 'application/json-patch+json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** A search that is refused: its query, the issue's code, and its place, which is the parameter's name without it. */
const search = (
  query: string,
  code = 'invalid',
  place = query.split('=')[0],
  type = 'Patient',
  status = 400,
): WrongRequest => ({
  name: `a search of ${type} by ${query}`,
  method: 'GET',
  path: `/${type}?${encodeURI(query)}`,
  status,
  code,
  ...(place === undefined ? {} : { place }),
});
const observations = (query: string, code = 'invalid', place?: string): WrongRequest =>
  search(query, code, place, 'Observation');

const patch = (name: string, operations: unknown, rest: Partial<WrongRequest>): WrongRequest => ({
  name: `a JSON patch ${name}`,
  method: 'PATCH',
  path: '/Patient/p1',
  headers: asPatch,
  body: JSON.stringify(operations),
  status: 422,
  code: 'processing',
  ...rest,
});

const part = (name: string, value: object): object => ({ name, ...value });
const operation = (...parts: object[]): object => ({ name: 'operation', part: parts });
const fhirPatch = (name: string, parts: readonly object[], rest: Partial<WrongRequest>): WrongRequest => ({
  name: `a FHIRPath patch ${name}`,
  method: 'PATCH',
  path: '/Patient/p1',
  body: { resourceType: 'Parameters', parameter: parts },
  status: 422,
  code: 'processing',
  ...rest,
});

const bundle = (type: string, ...entry: unknown[]): object => ({ resourceType: 'Bundle', type, entry });
const entry = (name: string, wrong: unknown, rest: Partial<WrongRequest>): WrongRequest => ({
  name: `a transaction with ${name}`,
  method: 'POST',
  path: '',
  body: bundle('transaction', { resource: patient, request: { method: 'POST', url: 'Patient' } }, wrong),
  status: 400,
  code: 'invalid',
  ...rest,
});
const request = (method: string, url: string, rest: object = {}): object => ({ request: { method, url, ...rest } });
const observing = (subject: unknown, rest: object = {}): object => ({
  resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject },
  ...request('POST', 'Observation'),
  ...rest,
});

/** An operation that is refused. */
const invoked = (path: string, body: unknown, rest: Partial<WrongRequest> = {}): WrongRequest => ({
  name: `the operation ${path}${body === undefined ? '' : ` with ${JSON.stringify(body).slice(0, 80)}`}`,
  method: body === undefined ? 'GET' : 'POST',
  path: `/${encodeURI(path)}`,
  ...(body === undefined ? {} : { body }),
  status: 400,
  code: 'invalid',
  ...rest,
});
const parameters = (...parameter: object[]): object => ({ resourceType: 'Parameters', parameter });

const put = (name: string, headers: Record<string, string>, rest: Partial<WrongRequest>): WrongRequest => ({
  name: `an update with ${name}`,
  method: 'PUT',
  path: '/Patient/p1',
  headers,
  body: { ...patient, id: 'p1' },
  status: 400,
  code: 'invalid',
  ...rest,
});

// prettier-ignore
const wrong: readonly WrongRequest[] = [
  // Values of search parameters: https://hl7.org/fhir/R4/search.html
  search('birthdate=tomorrow'), search('birthdate=2020-13'), search('birthdate=2021-02-29'), search('birthdate=ge'), search('birthdate=xx2020'),
  search('birthdate=01.02.2020'), search('birthdate:exact=2020', 'not-supported'), search('birthdate:contains=2020', 'not-supported'),
  search('_lastUpdated=now'), search('active:exact=true', 'not-supported'), search('gender:text:not=x'),
  search('name:above=x', 'not-supported'), search('name:missing=maybe'),
  search('name:x=y', 'not-supported'), search('active=a|b|c'), search('phone=urn:x|1'), search('identifier:of-type=a'), search('identifier:of-type=a|b'),
  search('gender:in=http://nowhere'), search('general-practitioner:Nonsense=1', 'not-supported'),
  search('_id:exact=1', 'not-supported'), search('_id:in=x'),
  observations('value-quantity=abc'), observations('value-quantity=1|a|b|c'), observations('value-quantity=1e'), observations('value-quantity=|http://unitsofmeasure.org|mg'),
  observations('value-quantity:above=1', 'not-supported'), observations('code-value-quantity=a'), observations('code-value-quantity=a$'), observations('code-value-quantity=a$x'),
  observations('code-value-quantity=a$1$2'), observations('code-value-quantity:exact=a$1', 'not-supported'), observations('date=2020-01-01T10:00:00+99:00'),
  search('probability=half', 'invalid', undefined, 'RiskAssessment'),
  search('url:exact=x', 'not-supported', undefined, 'ValueSet'),
  // Chains
  search('organization.=x'), search('organization.name.x=y'), search('name.x=y'), search('organization:Patient.name=x'), search('organization.nonsense=x'),
  search('_has=x'), search('_has:Observation=x'), search('_has:Observation:patient=x'), search('_has:Observation:nonsense:code=x'), search('_has:Nonsense:patient:code=x'),
  search('_has:Observation:code:value-quantity=1'), search('_has:Group:member:nonsense=1'),
  // Results
  search('_count=-1'), search('_count=x'), search('_count=1.5'), search('_sort=nonsense'), search('_sort=-'), search('_sort=name,,birthdate'),
  search('_sort=_score', 'not-supported'), search('_summary=some'), search('_summary=text&_elements=name', 'invalid', '_elements'),
  search('_elements=nonsense'), search('_total=some'), search('_include=x'), search('_include=Patient:nonsense'), search('_include=Nonsense:subject'), search('_include=Patient:name'),
  search('_include:x=Patient:organization', 'not-supported', '_include'), search('_revinclude=Observation:nonsense'), search('_revinclude=Observation:code'),
  search('_contained=maybe'), search('_containedType=x'), search('_query=x', 'not-supported'),
  search('_list=$current-problems', 'not-supported'), search('_type=Observation', 'not-supported'), search('_format=ttl', 'not-supported', '_format', 'Patient', 406),
  { name: 'a search of everything by a parameter of one type', method: 'GET', path: '/?_type=Patient,Organization&gender=male', status: 400, code: 'invalid', place: 'gender' },
  { name: 'a search of everything by an unknown type', method: 'GET', path: '/?_type=Nonsense', status: 400, code: 'invalid', place: '_type' },
  { name: 'a search of everything by a form with a wrong parameter', method: 'POST', path: '/_search', headers: form, body: '_type=Patient&nonsense=1', status: 400, code: 'invalid', place: 'nonsense' },
  { name: 'a search by a form with a wrong value', method: 'POST', path: '/Patient/_search', headers: form, body: 'birthdate=x', status: 400, code: 'invalid', place: 'birthdate' },
  { name: 'a search in the compartment of an unknown type', method: 'GET', path: '/Nonsense/1/Observation', status: 404, code: 'not-found' },
  { name: 'a search in a compartment that is none', method: 'GET', path: '/Medication/1/Observation', status: 404, code: 'not-found' },
  { name: 'a search in a compartment by a wrong parameter', method: 'GET', path: '/Patient/p1/Observation?nonsense=1', status: 400, code: 'invalid', place: 'nonsense' },
  // Headers: https://hl7.org/fhir/R4/http.html
  put('X-Consistency: sometimes', { 'x-consistency': 'sometimes' }, { place: 'http.X-Consistency' }),
  put('an If-Match in the wrong quotes', { 'if-match': "'1'" }, { place: 'http.If-Match' }),
  put('an empty If-Match', { 'if-match': ' , ' }, { place: 'http.If-Match' }),
  put('an If-Match that is stale', { 'if-match': 'W/"76", W/"77"' }, { status: 'stale', code: 'conflict', place: 'http.If-Match' }),
  put('an If-None-Match of the version there is', { 'if-none-match': 'W/"1"' }, { status: 412, code: 'conflict', place: 'http.If-None-Match' }),
  { name: 'an unknown character set', method: 'POST', path: '/Patient', body: '{}', headers: { 'content-type': 'application/fhir+json; charset=utf-16' }, status: 415, code: 'not-supported', place: 'http.Content-Type' },
  { name: 'a body of another FHIR version', method: 'POST', path: '/Patient', body: '{}', headers: { 'content-type': 'application/fhir+json; fhirVersion=5.0' }, status: 415, code: 'not-supported', place: 'http.Content-Type' },
  { name: 'a form where a resource is due', method: 'POST', path: '/Patient', body: 'a=b', headers: form, status: 415, code: 'not-supported', place: 'http.Content-Type' },
  { name: 'a JSON Patch where a resource is due', method: 'PUT', path: '/Patient/p1', body: '[]', headers: asPatch, status: 415, code: 'not-supported', place: 'http.Content-Type' },
  { name: 'a merge patch', method: 'PATCH', path: '/Patient/p1', body: '{}', headers: { 'content-type': 'application/merge-patch+json' }, status: 415, code: 'not-supported', place: 'http.Content-Type' },
  { name: 'an XML patch', method: 'PATCH', path: '/Patient/p1', body: '<diff/>', headers: { 'content-type': 'application/xml-patch+xml' }, status: 415, code: 'not-supported', place: 'http.Content-Type' },
  { name: 'a read of what was deleted', method: 'GET', path: '/Patient/gone', status: 410, code: 'deleted' },
  { name: 'a read of the version that deleted', method: 'GET', path: '/Patient/gone/_history/2', status: 410, code: 'deleted' },
  { name: 'a patch of what was deleted', method: 'PATCH', path: '/Patient/gone', headers: asPatch, body: '[]', status: 410, code: 'deleted' },
  { name: 'a patch of nothing', method: 'PATCH', path: '/Patient/never', headers: asPatch, body: '[]', status: 404, code: 'not-found' },
  { name: 'a conditional update without a value', method: 'PUT', path: '/Patient?identifier=', body: patient, status: 400, code: 'invalid' },
  { name: 'a conditional update with another id', method: 'PUT', path: '/Organization?name=nobody', body: { resourceType: 'Organization', id: 'o1', name: 'y' }, status: 409, code: 'conflict', place: 'Organization.id', only: 'r4' },
  { name: 'a conditional patch that nothing matches', method: 'PATCH', path: '/Patient?identifier=urn:s|none', headers: asPatch, body: '[]', status: 404, code: 'not-found' },
  { name: 'a conditional patch that several match', method: 'PATCH', path: '/Organization?identifier=urn:s|twice', headers: asPatch, body: '[]', status: 412, code: 'multiple-matches' },
  { name: 'a conditional delete by a wrong parameter', method: 'DELETE', path: '/Patient?nonsense=1', status: 400, code: 'invalid', place: 'nonsense' },
  { name: 'a conditional delete of an unknown type', method: 'DELETE', path: '/Nonsense?identifier=1', status: 404, code: 'not-found' },
  // Patches
  patch('that is no list', { op: 'add' }, { status: 400, code: 'invalid' }),
  patch('of an unknown operation', [{ op: 'append', path: '/name', value: 1 }], { status: 400, code: 'invalid', place: 'patch[0].op' }),
  patch('without a path', [{ op: 'remove' }], { status: 400, code: 'invalid', place: 'patch[0].path' }),
  patch('without a value', [{ op: 'add', path: '/active' }], { status: 400, code: 'invalid', place: 'patch[0].value' }),
  patch('whose path is no pointer', [{ op: 'add', path: 'active', value: true }], { status: 400, code: 'invalid', place: 'patch[0].path' }),
  patch('without a place to copy from', [{ op: 'copy', path: '/name' }], { status: 400, code: 'invalid', place: 'patch[0].from' }),
  patch('that removes nothing', [{ op: 'remove', path: '/birthDate' }], { place: 'patch[0]' }),
  patch('whose test fails', [{ op: 'test', path: '/id', value: 'p2' }], { place: 'patch[0]' }),
  patch('of an index that is none', [{ op: 'add', path: '/name', value: [{ text: 'x' }] }, { op: 'replace', path: '/name/01', value: { text: 'x' } }], { place: 'patch[1]' }),
  patch('that changes the type', [{ op: 'replace', path: '/resourceType', value: 'Group' }], { place: 'resourceType' }),
  patch('that changes the id', [{ op: 'replace', path: '/id', value: 'p2' }], { place: 'Patient.id' }),
  patch('that makes it invalid', [{ op: 'add', path: '/gender', value: 'x' }], { code: 'code-invalid', place: 'Patient.gender' }),
  patch('that adds an unknown element', [{ op: 'add', path: '/shoeSize', value: 44 }], { code: 'structure', place: 'Patient.shoeSize' }),
  fhirPatch('without operations', [part('x', { valueString: 'y' })], { status: 400, code: 'invalid', place: 'Parameters.parameter[0]' }),
  fhirPatch('of an unknown type', [operation(part('type', { valueCode: 'append' }), part('path', { valueString: 'Patient' }))], { status: 400, code: 'invalid', place: 'Parameters.parameter[0]' }),
  fhirPatch('without a path', [operation(part('type', { valueCode: 'delete' }))], { status: 400, code: 'invalid', place: 'Parameters.parameter[0]' }),
  fhirPatch('without a value', [operation(part('type', { valueCode: 'replace' }), part('path', { valueString: 'Patient.birthDate' }))], { status: 400, code: 'invalid', place: 'Parameters.parameter[0]' }),
  fhirPatch('whose path is broken', [operation(part('type', { valueCode: 'delete' }), part('path', { valueString: 'Patient.name[' }))], { place: 'Parameters.parameter[0]' }),
  fhirPatch('that replaces nothing', [operation(part('type', { valueCode: 'replace' }), part('path', { valueString: 'Patient.birthDate' }), part('value', { valueDate: '1970' }))], { place: 'Parameters.parameter[0]' }),
  fhirPatch('that adds an unknown element', [operation(part('type', { valueCode: 'add' }), part('path', { valueString: 'Patient' }), part('name', { valueString: 'shoeSize' }), part('value', { valueInteger: 44 }))], { place: 'Parameters.parameter[0]' }),
  // Bundles: https://hl7.org/fhir/R4/http.html#transaction
  entry('an unknown method', request('MOVE', 'Patient/p1'), { status: 422, code: 'code-invalid', place: 'Bundle.entry[1].request.method' }),
  entry('no url', { request: { method: 'GET' } }, { status: 422, code: 'required', place: 'Bundle.entry[1].request.url' }),
  entry('an update of a type', { resource: patient, ...request('PUT', 'Patient') }, { place: 'Bundle.entry[1].request.url' }),
  entry('a create at an id', { resource: patient, ...request('POST', 'Patient/p1') }, { code: 'not-supported', place: 'Bundle.entry[1].request.url' }),
  entry('an update without a resource', request('PUT', 'Patient/p1'), { place: 'Bundle.entry[1].resource' }),
  entry('a delete of everything', request('DELETE', 'Patient'), { place: 'Bundle.entry[1].request.url' }),
  entry('a search by a wrong parameter', request('GET', 'Patient?nonsense=1'), { place: 'Bundle.entry[1]' }),
  entry('a read of nothing', request('GET', 'Patient/never'), { status: 404, code: 'not-found', place: 'Bundle.entry[1]' }),
  entry('a read of what was deleted', request('GET', 'Patient/gone'), { status: 410, code: 'deleted', place: 'Bundle.entry[1]' }),
  entry('an operation that changes something', { resource: parameters({ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }), ...request('POST', 'Patient/p1/$meta-add') }, { code: 'not-supported', place: 'Bundle.entry[1]' }),
  entry('a wrong ifMatch', { resource: { ...patient, id: 'p1' }, ...request('PUT', 'Patient/p1', { ifMatch: 'x' }) }, { place: 'Bundle.entry[1].request.ifMatch' }),
  entry('an ifNoneMatch that does not hold', { resource: { ...patient, id: 'p1' }, ...request('PUT', 'Patient/p1', { ifNoneMatch: '*' }) }, { status: 412, code: 'conflict', place: 'Bundle.entry[1].request.ifNoneMatch' }),
  entry('an ifNoneExist that is none', { resource: patient, ...request('POST', 'Patient', { ifNoneExist: 'nonsense=1' }) }, { place: 'Bundle.entry[1].request.ifNoneExist' }),
  entry('a reference by two words', observing({ reference: 'Patient?name=x&nonsense=y' }), { place: 'Bundle.entry[1].resource.subject.reference' }),
  entry('a fullUrl that is no URL', observing({ display: 'x' }, { fullUrl: 'a b' }), { status: 422, code: 'value', place: 'Bundle.entry[1].fullUrl' }),
  entry('a resource that is text', { resource: 'x', ...request('POST', 'Patient') }, { place: 'Bundle.entry[1].resource' }),
  entry('a history of nothing', request('GET', 'Patient/never/_history'), { status: 404, code: 'not-found', place: 'Bundle.entry[1]' }),
  entry('a path of nowhere', request('GET', 'Patient/p1/nonsense'), { code: 'not-supported', place: 'Bundle.entry[1].request.url' }),
  entry('a patch that is none', { resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data: 'bm9uZQ==' }, ...request('PATCH', 'Patient/p1') }, { place: 'Bundle.entry[1]', only: 'r4' }),
  entry('a patch that STU3 does not know', { resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', content: 'W10=' }, ...request('PATCH', 'Patient/p1') }, { status: 422, code: 'code-invalid', place: 'Bundle.entry[1].request.method', only: 'stu3' }),
  { name: 'a bundle without a type', method: 'POST', path: '', body: { resourceType: 'Bundle', entry: [] }, status: 400, code: 'invalid', place: 'Bundle.type' },
  { name: 'a batch whose entries are an object', method: 'POST', path: '', body: { resourceType: 'Bundle', type: 'batch', entry: {} }, status: 422, code: 'structure', place: 'Bundle.entry' },
  // Operations: https://hl7.org/fhir/R4/operations.html
  invoked('Patient/p1/$meta?x=1', undefined, { code: 'not-supported', place: 'x' }),
  invoked('Patient/p1/$meta-add', undefined, { status: 405, code: 'not-supported' }),
  invoked('Patient/p1/$meta-add', parameters({ name: 'meta', valueString: 'x' }), { place: 'Parameters.parameter[0].valueString' }),
  invoked('Patient/p1/$meta-add', parameters({ name: 'x', valueString: 'x' }), { code: 'not-supported', place: 'Parameters.parameter[0]' }),
  invoked('Patient/p1/$meta-add', parameters(), { status: 422, code: 'structure', place: 'Parameters.parameter' }),
  invoked('Patient/$meta-add', parameters(), { status: 404, code: 'not-found' }),
  invoked('Patient/$validate', parameters({ name: 'mode', valueCode: 'x' }, { name: 'resource', resource: patient }), { place: 'mode' }),
  invoked('Patient/$validate', parameters({ name: 'resource', resource: patient }, { name: 'resource', resource: patient }), { place: 'Parameters.parameter[1]' }),
  invoked('Patient/$validate', parameters({ name: 'resource', valueString: 'x' }), { place: 'Parameters.parameter[0]' }),
  invoked('Patient/$validate', parameters({ resource: patient }), { status: 422, code: 'required', place: 'Parameters.parameter[0].name' }),
  invoked('Patient/never/$validate', undefined, { status: 404, code: 'not-found' }),
  invoked('Patient/p1/$everything?start=x', undefined, { place: 'start' }),
  invoked('Patient/p1/$everything?_count=-1', undefined, { place: '_count' }),
  invoked('Patient/p1/$everything?_type=Nonsense', undefined, { place: '_type' }),
  invoked('Patient/never/$everything', undefined, { status: 404, code: 'not-found' }),
  invoked('Observation/1/$everything', undefined, { status: 404, code: 'not-found' }),
  invoked('ValueSet/$expand?url=a b', undefined, { place: 'url' }),
  invoked('ValueSet/$expand?url=urn:none', undefined, { status: 404, code: 'not-found' }),
  invoked('ValueSet/$expand?valueSet=x', undefined, { place: 'valueSet' }),
  invoked('ValueSet/$expand', { resourceType: 'CodeSystem' }, { place: 'resourceType' }),
  invoked('ValueSet/$expand', { resourceType: 'ValueSet', status: 'x' }, { status: 422, code: 'code-invalid', place: 'ValueSet.status' }),
  invoked('ValueSet/$validate-code?code=x', undefined, { place: 'url' }),
  invoked('ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender', undefined, { place: 'code' }),
  invoked('CodeSystem/$lookup?code=x', undefined, { place: 'system' }),
  invoked('CodeSystem/$lookup?system=urn:none&code=x', undefined, { status: 404, code: 'not-found' }),
  invoked('CodeSystem/$subsumes?codeA=x', undefined, { place: 'codeB' }),
  invoked('Patient/$lookup?code=x', undefined, { status: 404, code: 'not-found' }),
  invoked('$nonsense', undefined, { status: 404, code: 'not-found' }),
];

describeRefusals(() => server, wrong);
