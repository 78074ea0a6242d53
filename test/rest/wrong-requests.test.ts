import { afterAll, beforeAll } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { fhirVersions } from '../../fhir/version.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeRefusals, type WrongRequest } from './wrong-requests/refusals.js';

let server: TestServer;
const limit = 100_000;
beforeAll(async () => {
  server = await startTestServer({ bodyLimit: limit });
  for (const version of fhirVersions) {
    await server.send('PUT', `/${version}/Patient/p1`, { body: { resourceType: 'Patient', id: 'p1' } });
    for (const value of ['twice', 'twice', 'once']) {
      const identifier = [{ system: 'urn:s', value }];
      await server.send('POST', `/${version}/Practitioner`, { body: { resourceType: 'Practitioner', identifier } });
    }
  }
});
afterAll(() => server.close());

const json = { 'content-type': 'application/fhir+json' };
const patient = { resourceType: 'Patient' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const bundle = (type: string, ...entry: unknown[]): object => ({ resourceType: 'Bundle', type, entry });
const post = (resource: object, request: object = {}, rest: object = {}): object => ({
  ...rest,
  resource,
  request: { method: 'POST', url: 'Patient', ...request },
});
const transaction = (...entries: unknown[]): object => bundle('transaction', ...entries);
const observing = (reference: string): object => ({
  resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, performer: [{ reference }] },
  request: { method: 'POST', url: 'Observation' },
});

// prettier-ignore
const wrong: readonly WrongRequest[] = [
  // JSON
  { name: 'a member that stands twice', method: 'POST', path: '/Patient', headers: json, body: '{"resourceType":"Patient","active":true,\n "active":false}', status: 400, code: 'invalid', says: '"active" stands twice in one object: line 2, column 2' },
  { name: 'a member that stands twice, deep inside, beside a decimal', method: 'POST', path: '/Patient', headers: json, body: '{"resourceType":"Patient","extension":[{"url":"urn:x","valueDecimal":1.00}],"name":[{"family":"A","family":"B"}]}', status: 400, code: 'invalid', says: '"family" stands twice' },

  // Modifiers
  ...['_sort:desc=birthdate', '_count:exact=1', '_summary:text=count', '_total:x=none'].map((query): WrongRequest => ({ name: `a modifier where there is none: ${query}`, method: 'GET', path: `/Patient?${query}`, status: 400, code: 'not-supported' })),
  { name: 'a criterion without a value', method: 'POST', path: '/Patient', body: patient, headers: { 'if-none-exist': 'identifier=' }, status: 400, code: 'invalid', place: 'http.If-None-Exist' },

  // Who asks
  { name: 'no token', method: 'GET', path: '/Patient/p1', as: null, status: 401, code: 'login' },
  { name: 'unknown token', method: 'GET', path: '/Patient/p1', as: 'stranger', status: 401, code: 'login' },
  { name: 'no token on an unknown type', method: 'GET', path: '/Nonsense', as: null, status: 401, code: 'login' },
  { name: 'no token on a bundle', method: 'POST', path: '', as: null, body: transaction(), status: 401, code: 'login' },
  { name: 'role without read', method: 'GET', path: '/Patient/p1', as: 'nobody', status: 403, code: 'forbidden' },
  { name: 'role without search', method: 'GET', path: '/Observation', as: 'auditor', status: 403, code: 'forbidden' },
  { name: 'role without create', method: 'POST', path: '/Patient', as: 'auditor', body: patient, status: 403, code: 'forbidden' },
  { name: 'role without update', method: 'PUT', path: '/Patient/p1', as: 'auditor', body: { ...patient, id: 'p1' }, status: 403, code: 'forbidden' },
  { name: 'role without delete', method: 'DELETE', path: '/Patient/p1', as: 'auditor', status: 403, code: 'forbidden' },
  { name: 'role without transaction', method: 'POST', path: '', as: 'auditor', body: transaction(post(patient)), status: 403, code: 'forbidden' },
  // Where
  { name: 'unknown type', method: 'GET', path: '/Nonsense/1', status: 404, code: 'not-found', says: 'Nonsense' },
  { name: 'type in the wrong case', method: 'GET', path: '/patient/p1', status: 404, code: 'not-found' },
  { name: 'abstract type', method: 'GET', path: '/DomainResource', status: 404, code: 'not-found' },
  { name: 'unknown id', method: 'GET', path: '/Patient/unknown', status: 404, code: 'not-found', says: 'Patient/unknown' },
  { name: 'id that cannot be', method: 'GET', path: '/Patient/a%20b', status: 404, code: 'not-found' },
  { name: 'id that is too long', method: 'GET', path: `/Patient/${'a'.repeat(65)}`, status: 404, code: 'not-found' },
  { name: 'id of a prototype member', method: 'GET', path: '/Patient/__proto__', status: 404, code: 'not-found' },
  { name: 'type of a prototype member', method: 'GET', path: '/constructor/1', status: 404, code: 'not-found' },
  { name: 'unknown version', method: 'GET', path: '/Patient/p1/_history/7', status: 404, code: 'not-found' },
  { name: 'version 0', method: 'GET', path: '/Patient/p1/_history/0', status: 404, code: 'not-found' },
  { name: 'version that is no number', method: 'GET', path: '/Patient/p1/_history/x', status: 404, code: 'not-found' },
  { name: 'history of nothing', method: 'GET', path: '/Patient/unknown/_history', status: 404, code: 'not-found' },
  { name: 'path too long', method: 'GET', path: '/Patient/p1/_history/1/2', status: 404, code: 'not-found' },
  { name: 'path below an instance', method: 'GET', path: '/Patient/p1/nonsense', status: 404, code: 'not-found' },
  { name: 'path with a broken encoding', method: 'GET', path: '/Patient/%zz', status: 400, code: 'invalid' },
  { name: 'operation', method: 'POST', path: '/Patient/$nonsense', body: patient, status: 404, code: 'not-found', says: '$nonsense' },
  { name: 'operation, encoded', method: 'GET', path: '/Patient/p1/%24nonsense', status: 404, code: 'not-found', says: '$nonsense' },
  { name: 'history of an unknown type', method: 'GET', path: '/Nonsense/_history', status: 404, code: 'not-found' },
  { name: 'POST to the history of a type', method: 'POST', path: '/Patient/_history', status: 405, code: 'not-supported' },
  { name: 'DELETE of the history of the system', method: 'DELETE', path: '/_history', status: 405, code: 'not-supported' },
  { name: 'path below the history of a type', method: 'GET', path: '/Patient/_history/1', status: 404, code: 'not-found' },
  { name: 'search in a compartment by a type outside', method: 'GET', path: '/Patient/p1/Organization', status: 404, code: 'not-found' },
  // Method
  { name: 'PATCH of a type without criteria', method: 'PATCH', path: '/Patient', body: [], headers: { 'content-type': 'application/json-patch+json' }, status: 400, code: 'invalid' },
  { name: 'POST to an instance', method: 'POST', path: '/Patient/p1', body: patient, status: 405, code: 'not-supported' },
  { name: 'PUT to a type without criteria', method: 'PUT', path: '/Patient', body: patient, status: 400, code: 'invalid', says: 'Criteria are needed' },
  { name: 'a method no type has', method: 'COPY', path: '/Patient', status: 405, code: 'not-supported', says: 'GET, HEAD, POST, PUT, PATCH, DELETE' },
  { name: 'DELETE of a type without criteria', method: 'DELETE', path: '/Patient', status: 400, code: 'invalid', says: 'Criteria are needed' },
  { name: 'PUT to the base', method: 'PUT', path: '', body: patient, status: 405, code: 'not-supported', says: 'GET, HEAD, POST' },
  { name: 'GET of _search', method: 'GET', path: '/Patient/_search', status: 405, code: 'not-supported' },
  { name: 'POST of metadata', method: 'POST', path: '/metadata', body: {}, status: 405, code: 'not-supported' },
  { name: 'DELETE of a version', method: 'DELETE', path: '/Patient/p1/_history/1', status: 405, code: 'not-supported' },
  { name: 'update by criteria that are none', method: 'PUT', path: '/Patient?_format=json', body: patient, status: 400, code: 'invalid', says: 'Criteria are needed' },
  { name: 'update by an unknown parameter', method: 'PUT', path: '/Patient?nonsense=1', body: patient, status: 400, code: 'invalid', place: 'nonsense', says: 'nonsense' },
  { name: 'update by criteria that several match', method: 'PUT', path: '/Practitioner?identifier=urn:s%7Ctwice', body: { resourceType: 'Practitioner' }, status: 412, code: 'multiple-matches' },
  { name: 'update by criteria of another type', method: 'PUT', path: '/Patient?identifier=1', body: { resourceType: 'Group' }, status: 400, code: 'invalid', place: 'resourceType', says: 'Group' },
  { name: 'delete by criteria without a value', method: 'DELETE', path: '/Patient?identifier=', status: 400, code: 'invalid', says: 'identifier' },
  { name: 'delete by criteria that several match', method: 'DELETE', path: '/Practitioner?identifier=urn:s%7Ctwice', status: 412, code: 'multiple-matches' },
  // Format
  { name: 'Accept XML', method: 'GET', path: '/Patient/p1', headers: { accept: 'application/fhir+xml' }, status: 406, code: 'not-supported', place: 'http.Accept', says: 'application/fhir+xml' },
  { name: 'Accept of another FHIR version', method: 'GET', path: '/Patient/p1', headers: { accept: 'application/fhir+json; fhirVersion=5.0' }, status: 406, code: 'not-supported', place: 'http.Accept' },
  { name: 'JSON refused by q=0', method: 'GET', path: '/Patient/p1', headers: { accept: 'text/turtle, application/json;q=0' }, status: 406, code: 'not-supported', place: 'http.Accept' },
  { name: '_format=xml', method: 'GET', path: '/Patient/p1?_format=xml', status: 406, code: 'not-supported', place: '_format', says: '_format' },
  { name: 'body without Content-Type', method: 'POST', path: '/Patient', body: '{}', status: 415, code: 'not-supported', place: 'http.Content-Type', says: 'missing' },
  { name: 'XML body', method: 'POST', path: '/Patient', body: '<Patient/>', headers: { 'content-type': 'application/fhir+xml' }, status: 415, code: 'not-supported', place: 'http.Content-Type', says: 'application/fhir+xml' },
  { name: 'body in Latin-1', method: 'POST', path: '/Patient', body: '{}', headers: { 'content-type': 'application/json; charset=iso-8859-1' }, status: 415, code: 'not-supported', place: 'http.Content-Type', says: 'iso-8859-1' },
  { name: 'unknown Content-Encoding', method: 'POST', path: '/Patient', body: '{}', headers: { ...json, 'content-encoding': 'lzw' }, status: 415, code: 'not-supported', place: 'http.Content-Encoding' },
  { name: 'body that is not gzip', method: 'POST', path: '/Patient', body: '{}', headers: { ...json, 'content-encoding': 'gzip' }, status: 400, code: 'invalid', place: 'http.Content-Encoding' },
  { name: '_search as JSON', method: 'POST', path: '/Patient/_search', body: {}, status: 415, code: 'not-supported', place: 'http.Content-Type' },
  { name: '_summary=count of a read', method: 'GET', path: '/Patient/p1?_summary=count', status: 400, code: 'invalid', place: '_summary' },
  { name: '_elements nobody knows', method: 'GET', path: '/Patient/p1?_elements=shoeSize', status: 400, code: 'invalid', place: '_elements' },
  { name: 'metadata mode', method: 'GET', path: '/metadata?mode=nonsense', status: 400, code: 'not-supported', place: 'mode' },
  { name: 'a part of metadata that is none', method: 'GET', path: '/metadata?_elements=nonsense', status: 400, code: 'invalid', place: '_elements' },
  { name: 'forged host', method: 'GET', path: '/Patient/p1', headers: { host: 'evil"host' }, status: 400, code: 'invalid', place: 'http.Host' },
  // Body
  { name: 'empty body', method: 'POST', path: '/Patient', body: '', headers: json, status: 400, code: 'invalid', says: 'empty' },
  { name: 'malformed JSON', method: 'POST', path: '/Patient', body: '{\n "a": }', headers: json, status: 400, code: 'invalid', says: 'line 2' },
  { name: 'cut JSON', method: 'POST', path: '/Patient', body: '{"resourceType":"Patient"', headers: json, status: 400, code: 'invalid' },
  { name: 'array', method: 'POST', path: '/Patient', body: '[]', headers: json, status: 400, code: 'invalid' },
  { name: 'null', method: 'POST', path: '/Patient', body: 'null', headers: json, status: 400, code: 'invalid' },
  { name: 'no resourceType', method: 'POST', path: '/Patient', body: { a: 1 }, status: 400, code: 'invalid', says: 'resourceType' },
  { name: 'resourceType that is no text', method: 'POST', path: '/Patient', body: { resourceType: 3 }, status: 400, code: 'invalid' },
  { name: 'invalid UTF-8', method: 'POST', path: '/Patient', body: Buffer.from([0x22, 0xff, 0x22]), headers: json, status: 400, code: 'invalid', says: 'UTF-8' },
  { name: 'too long', method: 'POST', path: '/Patient', body: ' '.repeat(limit + 1), headers: json, status: 413, code: 'too-costly', says: String(limit) },
  { name: 'too long once decompressed', method: 'POST', path: '/Patient', body: gzipSync(Buffer.alloc(20 * limit, ' ')), headers: { ...json, 'content-encoding': 'gzip' }, status: 413, code: 'too-costly', says: String(limit) },
  { name: 'far too long, without a token', method: 'POST', path: '/Patient', as: null, body: Buffer.alloc(50 * limit, ' '), headers: json, status: 401, code: 'login' },
  { name: 'an array of a thousand arrays', method: 'POST', path: '/Patient', body: '['.repeat(1000) + ']'.repeat(1000), headers: json, status: 400, code: 'invalid' },
  { name: 'objects nested by the thousand', method: 'POST', path: '/Patient', body: `{"resourceType":"Patient","extension":[${'{"url":"x","extension":['.repeat(900)}${']}'.repeat(900)}]}`, headers: json, status: 422, code: 'structure' },
  { name: 'member named __proto__', method: 'POST', path: '/Patient', body: '{"resourceType":"Patient","__proto__":{"active":true}}', headers: json, status: 422, code: 'structure', place: 'Patient.__proto__', says: '__proto__' },
  { name: 'another type than the URL', method: 'POST', path: '/Patient', body: { resourceType: 'Group' }, status: 400, code: 'invalid', place: 'resourceType' },
  { name: 'unknown element', method: 'POST', path: '/Patient', body: { ...patient, naem: [] }, status: 422, code: 'structure', place: 'Patient.naem', says: 'naem' },
  { name: 'wrong date', method: 'POST', path: '/Patient', body: { ...patient, birthDate: '1.1.1970' }, status: 422, code: 'value', place: 'Patient.birthDate' },
  { name: 'unknown code', method: 'POST', path: '/Patient', body: { ...patient, gender: 'x' }, status: 422, code: 'code-invalid', place: 'Patient.gender' },
  { name: 'missing element', method: 'POST', path: '/Observation', body: { resourceType: 'Observation', status: 'final' }, status: 422, code: 'required', place: 'Observation.code' },
  // Update and its conditions
  { name: 'update without id', method: 'PUT', path: '/Patient/p1', body: patient, status: 400, code: 'invalid', place: 'Patient.id' },
  { name: 'update with another id', method: 'PUT', path: '/Patient/p1', body: { ...patient, id: 'p2' }, status: 400, code: 'invalid', place: 'Patient.id' },
  { name: 'update with another type', method: 'PUT', path: '/Patient/p1', body: { resourceType: 'Group', id: 'p1' }, status: 400, code: 'invalid', place: 'resourceType' },
  { name: 'update to an impossible id', method: 'PUT', path: '/Patient/a_b', body: { ...patient, id: 'a_b' }, status: 400, code: 'invalid', place: 'Patient' },
  { name: 'If-Match that is no version', method: 'PUT', path: '/Patient/p1', body: { ...patient, id: 'p1' }, headers: { 'if-match': 'W/"1", x' }, status: 400, code: 'invalid', place: 'http.If-Match' },
  { name: 'If-None-Match on update that is no version', method: 'PUT', path: '/Patient/p1', body: { ...patient, id: 'p1' }, headers: { 'if-none-match': 'x' }, status: 400, code: 'invalid', place: 'http.If-None-Match' },
  { name: 'If-None-Match of what is there', method: 'PUT', path: '/Patient/p1', body: { ...patient, id: 'p1' }, headers: { 'if-none-match': '*' }, status: 412, code: 'conflict', place: 'http.If-None-Match' },
  { name: 'If-Match of what is not there', method: 'PUT', path: '/Patient/nobody', body: { ...patient, id: 'nobody' }, headers: { 'if-match': '*' }, status: 'stale', code: 'conflict', place: 'http.If-Match' },
  { name: 'If-Match of a tag that no version has', method: 'PUT', path: '/Patient/p1', body: { ...patient, id: 'p1' }, headers: { 'if-match': 'W/"a23"' }, status: 'stale', code: 'conflict', place: 'http.If-Match' },
  { name: 'If-Match of another version', method: 'DELETE', path: '/Patient/p1', headers: { 'if-match': 'W/"9"' }, status: 'stale', code: 'conflict', place: 'http.If-Match' },
  { name: 'If-None-Exist without criteria', method: 'POST', path: '/Patient', body: patient, headers: { 'if-none-exist': '' }, status: 400, code: 'invalid', place: 'http.If-None-Exist' },
  { name: 'If-None-Exist by result parameters', method: 'POST', path: '/Patient', body: patient, headers: { 'if-none-exist': '_count=1' }, status: 400, code: 'invalid', place: 'http.If-None-Exist', says: '_count' },
  { name: 'If-None-Exist beside what only counts', method: 'POST', path: '/Patient', body: patient, headers: { 'if-none-exist': 'identifier=a|1&_totalMethod=count' }, status: 400, code: 'invalid', place: 'http.If-None-Exist', says: '_totalMethod' },
  { name: 'If-None-Exist by an unknown parameter', method: 'POST', path: '/Patient', body: patient, headers: { 'if-none-exist': 'nonsense=1' }, status: 400, code: 'invalid', place: 'nonsense', says: 'nonsense' },
  { name: 'If-None-Exist by a chain', method: 'POST', path: '/Patient', body: patient, headers: { 'if-none-exist': 'organization.nonsense=x' }, status: 400, code: 'invalid', place: 'organization.nonsense', says: 'nonsense' },
  { name: 'If-None-Exist about another type', method: 'POST', path: '/Patient', body: patient, headers: { 'if-none-exist': 'Observation?code=x' }, status: 400, code: 'invalid', says: 'Observation' },
  { name: 'If-None-Exist that several match', method: 'POST', path: '/Practitioner', body: { resourceType: 'Practitioner' }, headers: { 'if-none-exist': 'identifier=urn:s|twice' }, status: 412, code: 'multiple-matches', place: 'http.If-None-Exist' },
  // History and search
  { name: 'history parameter', method: 'GET', path: '/Patient/p1/_history?name=x', status: 400, code: 'not-supported', place: 'name' },
  { name: 'history since no time', method: 'GET', path: '/Patient/p1/_history?_since=yesterday', status: 400, code: 'invalid', place: '_since' },
  { name: 'history at no time', method: 'GET', path: '/Patient/_history?_at=2020-13', status: 400, code: 'invalid', place: '_at' },
  { name: 'history by another order', method: 'GET', path: '/_history?_sort=name', status: 400, code: 'not-supported', place: '_sort' },
  { name: 'history of a list by its function', method: 'GET', path: '/Patient/_history?_list=$current-problems', status: 400, code: 'not-supported', place: '_list' },
  { name: 'history with elements nobody knows', method: 'GET', path: '/Patient/_history?_elements=shoeSize', status: 400, code: 'invalid', place: '_elements' },
  { name: 'history in two parts at once', method: 'GET', path: '/Patient/_history?_elements=name&_summary=true', status: 400, code: 'invalid', place: '_elements' },
  { name: 'history in a summary nobody knows', method: 'GET', path: '/_history?_summary=short', status: 400, code: 'invalid', place: '_summary' },
  { name: 'history parameter twice', method: 'GET', path: '/_history?_count=1&_count=2', status: 400, code: 'invalid', place: '_count' },
  { name: 'history page with parameters', method: 'GET', path: '/_history?_page=x&_count=2', status: 400, code: 'invalid', place: '_page' },
  { name: 'history page that is none', method: 'GET', path: '/_history?_page=x', status: 400, code: 'invalid', place: '_page' },
  { name: 'history count', method: 'GET', path: '/Patient/p1/_history?_count=-1', status: 400, code: 'invalid', place: '_count' },
  { name: 'unknown search parameter', method: 'GET', path: '/Patient?nonsense=1', status: 400, code: 'invalid', place: 'nonsense', says: 'nonsense' },
  { name: 'forged page', method: 'GET', path: '/Patient?_page=abc', status: 400, code: 'invalid', place: '_page' },
  { name: 'page with further parameters', method: 'GET', path: '/Patient?_page=abc&name=x', status: 400, code: 'invalid', place: '_page' },
  { name: 'search with a broken encoding', method: 'GET', path: '/Patient?name=%E4', status: 400, code: 'invalid' },
  { name: 'form with a broken encoding', method: 'POST', path: '/Patient/_search', body: 'name=%', headers: form, status: 400, code: 'invalid' },
  // Bundles
  { name: 'resource sent to the base', method: 'POST', path: '', body: patient, status: 400, code: 'invalid', place: 'resourceType', says: '[base]/Patient' },
  { name: 'bundle of another type', method: 'POST', path: '', body: bundle('collection', post(patient)), status: 400, code: 'invalid', place: 'Bundle.type' },
  { name: 'entry list that is none', method: 'POST', path: '', body: { resourceType: 'Bundle', type: 'transaction', entry: 3 }, status: 422, code: 'structure', place: 'Bundle.entry' },
  { name: 'unknown element of an entry', method: 'POST', path: '', body: transaction({ ...post(patient), recource: 1 }), status: 422, code: 'structure', place: 'Bundle.entry[0].recource', says: 'recource' },
  { name: 'entry that is null', method: 'POST', path: '', body: transaction(post(patient), null), status: 422, code: 'structure', place: 'Bundle.entry[1]' },
  { name: 'entry that reads a count of one resource', method: 'POST', path: '', body: transaction(post(patient), { request: { method: 'GET', url: 'Patient/p1?_summary=count' } }), status: 400, code: 'invalid', place: 'Bundle.entry[1]', says: '_summary' },
  { name: 'entry with a broken encoding', method: 'POST', path: '', body: transaction(post(patient), { request: { method: 'GET', url: 'Patient?name=%E4' } }), status: 400, code: 'invalid', place: 'Bundle.entry[1].request.url' },
  { name: 'entry without request', method: 'POST', path: '', body: transaction(post(patient), { resource: patient }), status: 400, code: 'invalid', place: 'Bundle.entry[1]' },
  { name: 'entry without resource', method: 'POST', path: '', body: transaction({ request: { method: 'POST', url: 'Patient' } }), status: 400, code: 'invalid', place: 'Bundle.entry[0].resource' },
  { name: 'entry with an unknown type', method: 'POST', path: '', body: transaction(post(patient, { url: 'Nonsense' })), status: 404, code: 'not-found', place: 'Bundle.entry[0]' },
  { name: 'entry with another type', method: 'POST', path: '', body: transaction(post(patient, { url: 'Group' })), status: 400, code: 'invalid', place: 'Bundle.entry[0].request.url' },
  { name: 'entry elsewhere', method: 'POST', path: '', body: transaction(post(patient, { url: 'https://elsewhere/Patient' })), status: 400, code: 'not-supported', place: 'Bundle.entry[0].request.url' },
  { name: 'entry with a URL of another host', method: 'POST', path: '', body: transaction({ request: { method: 'GET', url: '//elsewhere/Patient' } }), status: 400, code: 'invalid', place: 'Bundle.entry[0].request.url' },
  { name: 'entry with an operation', method: 'POST', path: '', body: transaction(post(patient, { url: 'Patient/$nonsense' })), status: 404, code: 'not-found', place: 'Bundle.entry[0].request.url' },
  { name: 'entry that updates by criteria that several match', method: 'POST', path: '', body: transaction(post(patient), { resource: { resourceType: 'Practitioner' }, request: { method: 'PUT', url: 'Practitioner?identifier=urn:s|twice' } }), status: 412, code: 'multiple-matches', place: 'Bundle.entry[1].request.url' },
  { name: 'entry with another id', method: 'POST', path: '', body: transaction(post({ ...patient, id: 'y' }, { method: 'PUT', url: 'Patient/x' })), status: 400, code: 'invalid', place: 'Bundle.entry[0].resource.id' },
  { name: 'entry with an invalid resource', method: 'POST', path: '', body: transaction(post(patient), post({ ...patient, gender: 'x' })), status: 422, code: 'code-invalid', place: 'Bundle.entry[1].resource.gender' },
  { name: 'entry with a stale ifMatch', method: 'POST', path: '', body: transaction(post({ ...patient, id: 'p1' }, { method: 'PUT', url: 'Patient/p1', ifMatch: 'W/"8"' })), status: 'stale', code: 'conflict', place: 'Bundle.entry[0].request.ifMatch' },
  { name: 'ifNoneExist that several match', method: 'POST', path: '', body: transaction(post(patient), post({ resourceType: 'Practitioner' }, { url: 'Practitioner', ifNoneExist: 'identifier=urn:s|twice' })), status: 412, code: 'multiple-matches', place: 'Bundle.entry[1].request.ifNoneExist' },
  { name: 'two entries on one resource', method: 'POST', path: '', body: transaction(post({ ...patient, id: 'x' }, { method: 'PUT', url: 'Patient/x' }), { request: { method: 'DELETE', url: 'Patient/x' } }), status: 400, code: 'invalid', place: 'Bundle.entry[1]' },
  { name: 'two entries with one fullUrl', method: 'POST', path: '', body: transaction(post(patient, {}, { fullUrl: 'urn:uuid:6ee7e2e9-4a4e-4e1e-8a86-111111111111' }), post(patient, {}, { fullUrl: 'urn:uuid:6ee7e2e9-4a4e-4e1e-8a86-111111111111' })), status: 400, code: 'invalid', place: 'Bundle.entry[1].fullUrl' },
  { name: 'reference that nothing matches', method: 'POST', path: '', body: transaction(post(patient), observing('Practitioner?identifier=urn:s|none')), status: 412, code: 'not-found', place: 'Bundle.entry[1].resource.performer[0].reference' },
  { name: 'reference that several match', method: 'POST', path: '', body: transaction(observing('Practitioner?identifier=urn:s|twice')), status: 412, code: 'multiple-matches', place: 'Bundle.entry[0].resource.performer[0].reference' },
  { name: 'reference by an unknown parameter', method: 'POST', path: '', body: transaction(observing('Practitioner?nonsense=1')), status: 400, code: 'invalid', place: 'Bundle.entry[0].resource.performer[0].reference' },
];

describeRefusals(() => server, wrong);
