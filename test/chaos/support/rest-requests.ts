import type { FhirDefinitions } from '../../../fhir/definitions.js';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';
import { hostileJson, hostileText, inUrl, nearly } from './hostile.js';
import type { Chance } from './seed.js';

const modifiers = [
  ...Array<string>(30).fill(''),
  ':exact',
  ':contains',
  ':missing',
  ':not',
  ':text',
  ':in',
  ':not-in',
  ':above',
  ':below',
  ':of-type',
  ':identifier',
  ':Patient',
  ':iterate',
  ':x',
  ':__proto__',
];
const results = [
  '_sort',
  '_count',
  '_include',
  '_revinclude',
  '_include:iterate',
  '_summary',
  '_elements',
  '_total',
  '_page',
  '_format',
  '_pretty',
  '_contained',
  '_containedType',
  '_filter',
  '_text',
  '_content',
  '_list',
  '_has',
  '_id',
  '_lastUpdated',
  '_tag',
  '_profile',
  '_security',
  '_source',
  '_type',
  '_query',
  '_score',
  '_since',
  '_at',
  '_typeFilter',
  '_outputFormat',
];
const values: Readonly<Record<string, readonly string[]>> = {
  string: ['Smith', "O'Neil"],
  token: ['http://loinc.org|1234-5', '|x', 'male'],
  date: ['ge2020-01-01', '2020-01-01T00:00:00+01:00'],
  number: ['ge5.40', '1e3'],
  quantity: ['le5.4|http://unitsofmeasure.org|mg/dL', '5.4||mg'],
  reference: ['Patient/p1', 'http://example.org/fhir/Patient/1', 'p1'],
  uri: ['http://example.org/a', 'urn:oid:1.2.3'],
  composite: ['http://loinc.org|1234-5$ge5.4', 'a$b'],
  special: ['1.5|2.5|3|km', 'name eq "x" and (birthdate ge 2020 or not (gender eq male))'],
};
const types = [
  'Patient',
  'Observation',
  'Encounter',
  'Location',
  'ValueSet',
  'CodeSystem',
  'Binary',
  'Bundle',
  'Composition',
  'List',
  'Subscription',
  'Group',
  'StructureDefinition',
  'SearchParameter',
  'Questionnaire',
  'Medication',
  'AuditEvent',
  'Parameters',
];
const lastSegments = [
  'p1',
  '_history',
  '_history/1',
  '_search',
  '$validate',
  '$everything',
  '$meta',
  '$meta-add',
  '$expand',
  '$validate-code',
  '$lookup',
  '$subsumes',
  '$reindex',
  '$versions',
  '$permissions',
  '$graphql',
  '$export',
  '$import',
  '$index-lag',
  '*',
  'metadata',
  '_jobs',
  '_jobs/x',
  '_jobs/x/y',
  '_content',
  '.well-known/smart-configuration',
  '__proto__',
  'constructor',
];
const methods = [
  ...Array<string>(12).fill('GET'),
  ...Array<string>(8).fill('POST'),
  'HEAD',
  'PUT',
  'PUT',
  'PATCH',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
];
const mediaTypes = [
  'application/fhir+json',
  'application/fhir+json',
  'application/json',
  'application/json-patch+json',
  'application/x-www-form-urlencoded',
  'application/fhir+xml',
  'text/plain',
  'application/fhir+json; fhirVersion=4.0',
  'application/fhir+json;charset=utf-16',
  'multipart/form-data; boundary=x',
  '\u0000',
  '',
];
const headerNames = [
  'Accept',
  'Prefer',
  'If-Match',
  'If-None-Match',
  'If-None-Exist',
  'If-Modified-Since',
  'Content-Encoding',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'Forwarded',
  'X-Consistency',
  'X-Request-Id',
  'X-Security-Context',
  'Range',
  'Accept-Encoding',
  'Origin',
  'Cookie',
  'Expect',
  'Content-MD5',
  'Content-Digest',
  'X-HTTP-Method-Override',
  'Transfer-Encoding',
  'Upgrade',
  '__proto__',
  'Access-Control-Request-Method',
];
const headerValues = [
  'application/fhir+json',
  'application/fhir+xml',
  'text/html',
  '*/*;q=NaN',
  'return=representation',
  'return=minimal, handling=lenient, respond-async',
  'W/"1"',
  'W/"99999999999999999999"',
  '*',
  'identifier=a|1',
  'name=A&name=B',
  'Wed, 21 Oct 2015 07:28:00 GMT',
  'gzip',
  'br',
  'deflate',
  'bytes=0-1',
  'bytes=-1,0-,5-2',
  'chunked',
  'websocket',
  '100-continue',
  'evil.example',
  'host=evil.example;proto=javascript',
  'strong',
  'null',
  'https://evil.example',
];

const resources: readonly string[] = [
  '{"resourceType":"Patient","id":"p1","active":true,"identifier":[{"system":"urn:x","value":"1"}],"name":[{"family":"A","given":["B"],"period":{"start":"2020"}}],"birthDate":"1970-01-01","managingOrganization":{"reference":"#o"},"contained":[{"resourceType":"Organization","id":"o","name":"x"}],"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">x</div>"}}',
  '{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2020-01-01T00:00:00Z","valueQuantity":{"value":5.40,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"},"component":[{"code":{"text":"x"},"valueQuantity":{"value":1,"code":"kg","system":"http://unitsofmeasure.org"}}]}',
  '{"resourceType":"ValueSet","url":"urn:v","status":"draft","compose":{"include":[{"system":"urn:s","concept":[{"code":"a"}],"filter":[{"property":"concept","op":"regex","value":"(a+)+$"}]}]}}',
  '{"resourceType":"CodeSystem","url":"urn:s","status":"draft","content":"complete","concept":[{"code":"a","concept":[{"code":"b"}]}]}',
  '{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:0f4a3f0e-7d0c-4c3c-8f2e-2f4d5e9d1f11","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=a|1"}},{"request":{"method":"GET","url":"Patient?name=x"}},{"request":{"method":"DELETE","url":"Patient/x"}}]}',
  '{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/p1"}},{"resource":{"resourceType":"Patient"},"request":{"method":"PUT","url":"Patient/p2","ifMatch":"W/\\"1\\""}},{"request":{"method":"POST","url":"$graphql"},"resource":{"resourceType":"Parameters"}}]}',
  '{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient"}},{"name":"url","valueUri":"http://hl7.org/fhir/ValueSet/languages"},{"name":"code","valueCode":"x"},{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"Patient.name.where(family = \'A\')"},{"name":"name","valueString":"given"},{"name":"value","valueString":"x"}]}]}',
  '[{"op":"add","path":"/name/0/given/-","value":"x"},{"op":"copy","from":"/name","path":"/contact"},{"op":"move","from":"/name/0","path":"/name/1"},{"op":"test","path":"/active","value":true}]',
  '{"resourceType":"StructureDefinition","url":"urn:x","name":"X","status":"draft","kind":"resource","abstract":false,"type":"Patient","derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","differential":{"element":[{"id":"Patient","path":"Patient","constraint":[{"key":"a","severity":"error","human":"x","expression":"name.matches(\'(a+)+$\')"}]}]}}',
  '{"resourceType":"SearchParameter","url":"urn:sp","name":"x","status":"active","code":"x","base":["Patient"],"type":"string","description":"x","expression":"Patient.name.repeat(given)"}',
  '{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"Patient?name=x","channel":{"type":"rest-hook","endpoint":"http://169.254.169.254/"}}',
  '{"resourceType":"Binary","contentType":"text/plain","data":"AAAA"}',
  '{"resourceType":"Composition","status":"final","type":{"text":"x"},"date":"2020","author":[{"reference":"Practitioner/1"}],"title":"x","section":[{"title":"a","section":[{"title":"b"}]}]}',
  '{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"string","initialString":"x"}]}]}',
  'identifier=a%7C1&name=x&_count=5&_sort=-birthdate',
  '{"inputFormat":"application/fhir+ndjson","inputSource":"http://x","input":[{"type":"Patient","url":"file:///etc/passwd"}]}',
];

/** A body: a resource of which some places are something else, or no resource at all. */
function bodyOf(chance: Chance, from: string): Buffer {
  let text = from;
  if (chance.once(8)) text = hostileJson(chance);
  for (let changes = chance.below(4); changes > 0; changes -= 1) {
    const places = [...text.matchAll(/"(?:[^"\\]|\\.)*"|\d+|true|\[\]|\{\}/g)].slice(0, 500);
    const place = places.length === 0 ? undefined : chance.pick(places);
    if (place === undefined || text.length > 300_000) break;
    const [found] = place;
    const isKey = text[place.index + found.length] === ':';
    const name = JSON.stringify(
      chance.pick([
        '__proto__',
        'constructor',
        'extension',
        '_name',
        'resourceType',
        'id',
        'reference',
        'valueString',
        'meta',
        'contained',
        hostileText(chance, 200),
      ]),
    );
    text = text.slice(0, place.index) + (isKey ? name : hostileJson(chance)) + text.slice(place.index + found.length);
  }
  const bytes = Buffer.from(text, 'utf8');
  if (chance.once(20) && bytes.length > 0) bytes[chance.below(bytes.length)] = chance.below(256); // no UTF-8 any more
  if (chance.once(40)) return Buffer.from(text, 'utf16le');
  return chance.once(40) ? bytes.subarray(0, chance.below(bytes.length + 1)) : bytes;
}

function queryOf(chance: Chance, definitions: FhirDefinitions, type: string): string {
  const known = definitions.searchParameters.ofType(type);
  const pair = (): string => {
    if (known.length > 0 && !chance.once(3)) {
      const { code, type: kind } = chance.pick(known);
      const value = chance.once(2)
        ? hostileText(chance)
        : nearly(chance, chance.pick(values[kind] ?? values['string'] ?? []));
      const name = chance.once(10) ? `${code}.${chance.pick(known).code}` : code;
      return `${name}${chance.pick(modifiers)}=${inUrl(chance, value)}`;
    }
    const name = chance.once(6) ? hostileText(chance, 300) : chance.pick(results);
    const usual = [
      '1',
      '-1',
      '0',
      'true',
      'name,-birthdate',
      '*',
      `${type}:subject`,
      'Observation:patient:Patient',
      'count',
      'name[x]',
      'accurate',
      ...(values['special'] ?? []),
    ];
    const value = chance.once(2) ? hostileText(chance) : nearly(chance, chance.pick(usual));
    const link =
      name === '_has'
        ? chance.pick([
            ':Observation:patient:code',
            ':x',
            ':Observation:patient:_has:Encounter:patient:_id',
            ':'.repeat(500),
          ])
        : '';
    return `${chance.once(10) ? name : inUrl(chance, name)}${link}${chance.once(8) ? chance.pick(modifiers) : ''}=${inUrl(chance, value)}`;
  };
  return Array.from({ length: chance.once(30) ? 300 : chance.below(4) }, pair)
    .join('&')
    .slice(0, 110_000);
}

/** The bytes of a request whose parts may be anything. */
export function rawRequest(parts: {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer;
}): Buffer {
  const { method, target, headers, body } = parts;
  const length = body === undefined ? [] : [['Content-Length', String(body.length)] as const];
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)]);
}

/** Lets a request go where its body may be read. */
function aim(chance: Chance, segments: string[], method: string, content: string): void {
  const [, type = 'Patient'] = /^\{"resourceType":"(\w+)"/.exec(content) ?? [];
  const operation = chance.pick([
    '$validate',
    '$expand',
    '$meta-add',
    '$validate-code',
    '$lookup',
    '$subsumes',
    '$graphql',
  ]);
  const place =
    type === 'Bundle' && method === 'POST'
      ? []
      : type === 'Parameters' && method === 'POST'
        ? [
            operation === '$lookup' || operation === '$subsumes'
              ? 'CodeSystem'
              : operation === '$graphql'
                ? ''
                : chance.pick(['Patient', 'ValueSet']),
            operation,
          ]
        : method === 'POST'
          ? [type, ...(chance.once(3) ? ['$validate'] : [])]
          : [type === 'Parameters' || content.startsWith('[') ? 'Patient' : type, 'p1'];
  segments.splice(0, segments.length, ...place.filter((each) => each !== ''));
}

/** A request of the REST face. */
export function restRequest(
  chance: Chance,
  definitions: Readonly<Record<FhirVersion, FhirDefinitions>>,
  token: string,
): Buffer {
  const version = chance.pick(fhirVersions);
  const type = chance.once(4) ? chance.pick(definitions[version].resourceTypes) : chance.pick(types);
  const segments = chance.once(12)
    ? Array.from({ length: chance.below(6) }, () => inUrl(chance, hostileText(chance, 300)))
    : [...(chance.once(6) ? [] : [type]), ...(chance.once(3) ? [chance.pick(lastSegments)] : [])];
  const content = chance.pick(resources);
  const method = chance.pick(methods);
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(method) || chance.once(20);
  if (hasBody && !chance.once(3)) aim(chance, segments, method, content);
  const query = queryOf(chance, definitions[version], type);
  const path = `/${version}${segments.map((each) => `/${each}`).join('')}${query === '' || (hasBody && chance.once(2)) ? '' : `?${query}`}`;
  const isForm = hasBody && path.endsWith('_search');
  const headers: (readonly [string, string])[] = chance.once(30) ? [] : [['Authorization', `Bearer ${token}`]];
  for (let more = chance.below(3); more > 0 && chance.once(2); more -= 1) {
    const value = chance.once(4) ? hostileText(chance, 2_000) : chance.pick(headerValues);
    headers.push([chance.pick(headerNames), value.replaceAll(/[\r\n]/g, '')]);
  }
  if (!hasBody) return rawRequest({ method, target: path, headers });
  const media =
    isForm && !chance.once(5)
      ? 'application/x-www-form-urlencoded'
      : chance.once(4)
        ? chance.pick(mediaTypes)
        : 'application/fhir+json';
  const body = isForm ? Buffer.from(query) : bodyOf(chance, content);
  return rawRequest({ method, target: path, headers: [...headers, ['Content-Type', media]], body });
}
