import { hostileJson, hostileText, inUrl, nearly } from './hostile.js';
import { applicationClientId, consoleClientId } from '../../../local/sign-in/access-token.js';
import { rawRequest } from './rest-requests.js';
import type { Chance } from './seed.js';

type Header = readonly [name: string, value: string];

const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, '');

/** A form or a query of such names, whose values are usual, nearly so, or anything. */
function pairs(chance: Chance, usual: Readonly<Record<string, readonly string[]>>): string {
  const names = Object.keys(usual);
  return Array.from({ length: chance.once(20) ? 500 : chance.below(names.length + 3) }, () => {
    const name = chance.once(10) ? hostileText(chance, 200) : chance.pick(names);
    const known = chance.pick((Object.hasOwn(usual, name) ? usual[name] : undefined) ?? ['x']);
    const value = chance.once(3) ? hostileText(chance, 5_000) : chance.once(3) ? nearly(chance, known) : known;
    return `${inUrl(chance, name)}=${inUrl(chance, value)}`;
  })
    .join('&')
    .slice(0, 100_000);
}

const jwt = (header: string, claims: string): string =>
  `${Buffer.from(header).toString('base64url')}.${Buffer.from(claims).toString('base64url')}.AA`;
const signInValues = {
  client_id: [consoleClientId, consoleClientId, applicationClientId, 'x'],
  redirect_uri: ['http://127.0.0.1:1/callback', 'http://127.0.0.1/', 'javascript:alert(1)', 'https://evil.example/'],
  response_type: ['code', 'token', 'code id_token', 'none'],
  response_mode: ['query', 'fragment', 'form_post', 'web_message'],
  scope: ['openid profile', 'openid offline_access', 'patient/*.cruds', 'openid '.repeat(3_000)],
  state: ['x'],
  nonce: ['x'],
  code_challenge: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
  code_challenge_method: ['S256', 'plain'],
  prompt: ['login', 'none', 'consent', 'create'],
  max_age: ['0', '-1', '1e9'],
  claims: ['{"userinfo":{"sub":null}}', '{"__proto__":{"x":1}}', '['],
  request: [jwt('{"alg":"none"}', '{}')],
  request_uri: ['http://169.254.169.254/', 'urn:x'],
  resource: ['http://127.0.0.1', 'https://evil.example'],
  login_hint: ['practitioner'],
  id_token_hint: [jwt('{"alg":"none"}', '{"sub":"x"}')],
  grant_type: ['authorization_code', 'refresh_token', 'client_credentials', 'password', '__proto__'],
  code: ['x', 'a'.repeat(43)],
  code_verifier: ['dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
  refresh_token: ['a'.repeat(43)],
  token: ['a'.repeat(43), jwt('{"alg":"none"}', '{}')],
  token_type_hint: ['access_token', 'refresh_token'],
  client_assertion: [
    jwt('{"alg":"none","kid":"../../x"}', '{}'),
    jwt('{"alg":"HS256","jku":"http://169.254.169.254/"}', '{}'),
  ],
  client_assertion_type: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
  post_logout_redirect_uri: ['http://127.0.0.1/', 'https://evil.example/'],
  xsrf: ['x'],
  logout: ['yes'],
  username: ['practitioner', '__proto__', 'constructor', 'practitioner@a'],
  password: ['x', ''],
  tenant: ['a'],
};
const signInPaths = [
  'oauth2/authorize',
  'oauth2/authorize',
  'oauth2/token',
  'oauth2/token',
  'oauth2/revoke',
  'logout',
  'logout/confirm',
  'logout/success',
  '.well-known/jwks.json',
  '.well-known/openid-configuration',
  'interaction/x',
  'interaction/aaaaaaaaaaaaaaaaaaaaa',
  'oauth2/authorize/x',
  'device',
  'me',
  'reg',
];

/** A request of the sign-in. */
export function signInRequest(chance: Chance): Buffer {
  const path = chance.once(12) ? inUrl(chance, hostileText(chance, 300)) : chance.pick(signInPaths);
  const method = chance.pick(['GET', 'GET', 'POST', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
  const form = pairs(chance, signInValues);
  const headers: Header[] = [];
  if (chance.once(3))
    headers.push([
      'Cookie',
      oneLine(
        chance.pick([
          '_session=x; _session.sig=y',
          '_interaction=x',
          '_interaction_resume=__proto__',
          hostileText(chance, 2_000),
          '_session=a; '.repeat(500),
        ]),
      ),
    ]);
  if (chance.once(4)) {
    const basic = Buffer.from(
      chance.pick([`${applicationClientId}:x`, applicationClientId, ':', 'a:b:c', hostileText(chance, 500)]),
    ).toString('base64');
    headers.push([
      'Authorization',
      chance.pick([`Basic ${basic}`, 'Basic', 'Basic %%%', `Bearer ${jwt('{"alg":"none"}', '{}')}`]),
    ]);
  }
  if (chance.once(5))
    headers.push(
      chance.pick<Header>([
        ['Host', 'evil.example'],
        ['X-Forwarded-Host', 'evil.example'],
        ['X-Forwarded-Proto', 'javascript'],
        ['Origin', 'https://evil.example'],
        ['Origin', 'null'],
        ['Accept', 'application/json'],
        ['DPoP', 'x'],
        ['Content-Encoding', 'gzip'],
      ]),
    );
  const target = `/sign-in/${path}${method === 'POST' && !chance.once(4) ? '' : `?${form}`}`;
  if (method !== 'POST') return rawRequest({ method, target, headers });
  const type = chance.once(6)
    ? chance.pick(['application/json', 'text/plain', 'application/x-www-form-urlencoded; charset=x', ''])
    : 'application/x-www-form-urlencoded';
  const body = Buffer.from(chance.once(8) ? hostileJson(chance) : form);
  return rawRequest({ method, target, headers: [...headers, ['Content-Type', type]], body });
}

const files = [
  '',
  'start',
  'console.json',
  'console/',
  'console/index.js',
  'favicon.ico',
  'console',
  'robots.txt',
  'index.html',
  'package.json',
];
const ways = [
  '../',
  '..%2f',
  '..%5c',
  '%2e%2e/',
  '%252e%252e%252f',
  '....//',
  '%c0%ae%c0%ae/',
  '/',
  '//',
  '\\',
  ';',
  '%00',
  '.data/',
  'dist/',
  'sign-in/',
  'r4',
  'R4/',
];

/** A request of the console's files, or of a path that is nothing. */
export function fileRequest(chance: Chance): Buffer {
  const way = chance.once(2) ? chance.pick(ways).repeat(1 + chance.below(12)) : '';
  const name = chance.once(5)
    ? inUrl(chance, hostileText(chance, 3_000))
    : chance.pick([...files, 'etc/passwd', 'package.json', 'sign-in-keys.json', 'main.js', 'index-abc.js.gz', 'x.svg']);
  const headers: Header[] = chance.once(3)
    ? [
        chance.pick<Header>([
          ['Range', 'bytes=0-,5-2'],
          ['Accept-Encoding', 'gzip;q=x'],
          ['If-None-Match', '*'],
          ['Host', ''],
          ['Accept-Encoding', oneLine(hostileText(chance, 500))],
          ['If-Modified-Since', 'x'],
        ]),
      ]
    : [];
  return rawRequest({
    method: chance.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'TRACE', 'DELETE']),
    target: `/${chance.once(2) ? 'console/' : ''}${way}${name}`,
    headers,
  });
}

const exportValues = {
  _type: ['Patient', 'Patient,Observation', 'X', '*'],
  _since: ['2020-01-01', '2020-01-01T00:00:00Z'],
  _until: ['2020-01-01T00:00:00Z'],
  _outputFormat: ['application/fhir+ndjson', 'ndjson', 'text/csv'],
  _typeFilter: ['Patient?name=a', 'Observation?code=x,Patient?active=true', 'Patient?name=(a+)+$'],
  _elements: ['id', 'Patient.name', '__proto__'],
  patient: ['Patient/p1', '../x'],
  includeAssociatedData: ['LatestProvenanceResources'],
  allowPartialManifests: ['true'],
};

/** A request of jobs: begun, looked at, cancelled, files of them. */
export function jobRequest(chance: Chance, token: string): Buffer {
  const version = chance.pick(['r4', 'stu3']);
  const asynchronous: Header = [
    'Prefer',
    chance.pick([
      'respond-async',
      'respond-async',
      'respond-async, handling=lenient',
      'x',
      oneLine(hostileText(chance, 300)),
    ]),
  ];
  const headers: Header[] = [...(chance.once(20) ? [] : [['Authorization', `Bearer ${token}`] as const]), asynchronous];
  const id = chance.once(3)
    ? inUrl(chance, hostileText(chance, 300))
    : chance.pick(['x', '..', '__proto__', '%2e%2e%2f', 'a/b', '00000000-0000-0000-0000-000000000000']);
  if (chance.once(3)) {
    const path = chance.pick([`_jobs/${id}`, `_jobs/${id}/${id}`, '_jobs', `_jobs/${id}/x/y`, `_jobs?_count=${id}`]);
    return rawRequest({
      method: chance.pick(['GET', 'GET', 'DELETE', 'POST', 'HEAD']),
      target: `/${version}/${path}`,
      headers,
    });
  }
  const place = chance.pick(['', 'Patient/', 'Group/g1/', 'Observation/', `Group/${id}/`]);
  const operation = chance.pick(['$export', '$export', '$import', '$reindex']);
  const query = pairs(chance, exportValues);
  if (chance.once(2))
    return rawRequest({ method: 'GET', target: `/${version}/${place}${operation}?${query}`, headers });
  const parameters = `{"resourceType":"Parameters","parameter":[{"name":"_type","valueString":${JSON.stringify(hostileText(chance, 300))}},{"name":"_since","valueInstant":${hostileJson(chance)}},{"name":"patient","valueReference":{"reference":${JSON.stringify(hostileText(chance, 300))}}}]}`;
  const imported = `{"inputFormat":"application/fhir+ndjson","inputSource":"http://x","storageDetail":${hostileJson(chance)},"input":[{"type":"Patient","url":${JSON.stringify(chance.pick(['file:///etc/passwd', 'http://169.254.169.254/', hostileText(chance, 300)]))}}]}`;
  const body = Buffer.from(chance.once(5) ? hostileJson(chance) : chance.pick([parameters, imported]));
  return rawRequest({
    method: 'POST',
    target: `/${version}/${place}${operation}`,
    headers: [...headers, ['Content-Type', chance.pick(['application/fhir+json', 'application/json', 'text/plain'])]],
    body,
  });
}

/** A request of Binaries, as content or in JSON, or of the signed URLs of what is larger. */
export function binaryRequest(chance: Chance, token: string, signed: readonly string[]): Buffer {
  if (chance.once(3)) {
    const url = chance.pick(signed);
    const target = chance.once(8)
      ? url
      : chance.once(2)
        ? nearly(chance, url)
        : url.replace(/[^/?&=]+/g, (part) => (chance.once(6) ? inUrl(chance, hostileText(chance, 300)) : part));
    const method = chance.pick(['GET', 'PUT', 'PUT', 'HEAD', 'DELETE', 'POST']);
    const headers: Header[] = [
      ['Content-Type', chance.pick(['text/plain', 'text/html', oneLine(hostileText(chance, 300))])],
      ...more(chance),
    ];
    return rawRequest({
      method,
      target: oneLine(target).replaceAll(/[^\x21-\x7e]/g, '%'),
      headers,
      ...(method === 'PUT' ? { body: Buffer.from(hostileText(chance)) } : {}),
    });
  }
  const version = chance.pick(['r4', 'stu3']);
  const id = chance.once(4)
    ? inUrl(chance, hostileText(chance, 200))
    : chance.pick(['b1', 'p1', '..', '%2e%2e%2fx', 'a~1']);
  const method = chance.pick(['GET', 'GET', 'PUT', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD']);
  const type = chance.once(3)
    ? oneLine(hostileText(chance, 500))
    : chance.pick([
        'text/plain',
        'application/pdf',
        'application/fhir+json',
        'application/json',
        'image/svg+xml',
        'multipart/form-data; boundary=x',
        'text/html; charset=utf-7',
      ]);
  const headers: Header[] = [['Authorization', `Bearer ${token}`], ['Content-Type', type], ...more(chance)];
  const content = chance.pick([
    hostileText(chance),
    hostileJson(chance),
    `{"resourceType":"Binary","contentType":${JSON.stringify(hostileText(chance, 200))},"data":${JSON.stringify(hostileText(chance, 2_000))}}`,
    '{"resourceType":"Binary","contentType":"text/plain"}',
  ]);
  const hasBody = ['PUT', 'POST', 'PATCH'].includes(method);
  return rawRequest({
    method,
    target: `/${version}/Binary${method === 'POST' ? '' : `/${id}`}${chance.once(5) ? '?_format=json' : ''}`,
    headers,
    ...(hasBody ? { body: Buffer.from(content) } : {}),
  });
}

const more = (chance: Chance): Header[] =>
  chance.once(2)
    ? []
    : [
        chance.pick<Header>([
          ['Range', 'bytes=0-1'],
          ['Range', 'bytes=5-2,-1,99999999999999999999-'],
          ['Range', oneLine(hostileText(chance, 300))],
          ['X-Security-Context', oneLine(hostileText(chance, 300))],
          ['X-Security-Context', 'Patient/p1'],
          ['Content-MD5', 'x'],
          ['Content-Digest', 'sha-256=:x:'],
          ['Content-Digest', oneLine(hostileText(chance, 300))],
          ['x-amz-checksum-sha256', 'AAAA'],
          ['Content-Encoding', 'gzip'],
          ['Accept', 'text/plain;q=0.1, application/fhir+json;q=x'],
          ['Accept', oneLine(hostileText(chance, 1_000))],
        ]),
      ];
