import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { unauthenticated } from '../../fhir/outcome.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { standardTenancy } from '../../interactions/tenancy.js';
import { createGatewayHandler, type GatewayEvent, type GatewayOptions } from '../../rest/gateway.js';
import { type AnswerJson, callerOf, startTestServer, type TestServer } from '../support/server.js';

// REST behind API Gateway: events in, answers of the proxy integration out, by the same face as over HTTP.

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const unhurried = { getRemainingTimeInMillis: () => 29_000 };

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly context?: Partial<GatewayEvent['requestContext']>;
}

/** An event as API Gateway makes it: headers as the client wrote them, parameters decoded, bytes in base64. */
function eventOf({ method = 'GET', path, query = {}, headers = {}, body, context }: Sent): GatewayEvent {
  const all = { Host: 'abc.execute-api.eu-west-1.amazonaws.com', Authorization: 'Bearer practitioner', ...headers };
  const last = Object.entries(query).map(([name, values]) => [name, values.at(-1) ?? '']);
  return {
    httpMethod: method,
    path,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: Object.fromEntries(last) as Record<string, string>,
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, all]) => [name, [...all]])),
    body: body === undefined ? null : body.toString(typeof body === 'string' ? undefined : 'base64'),
    isBase64Encoded: typeof body === 'object',
    requestContext: {
      stage: 'v1',
      path: `/v1${path}`,
      domainName: 'abc.execute-api.eu-west-1.amazonaws.com',
      identity: { sourceIp: '192.0.2.1' },
      ...context,
    },
    pathParameters: null,
    stageVariables: null,
    resource: '/{proxy+}',
  } as unknown as GatewayEvent;
}

const handlerOf = (version: FhirVersion, more: Partial<GatewayOptions> = {}): ReturnType<typeof createGatewayHandler> =>
  createGatewayHandler({
    server: server.servers[version],
    authenticate: (authorization) =>
      authorization === 'Bearer practitioner'
        ? Promise.resolve(callerOf('practitioner'))
        : Promise.reject(unauthenticated('no token')),
    log: { error: () => undefined },
    ...more,
  });

const jsonOf = (body: string): AnswerJson => JSON.parse(body) as AnswerJson;
const patient = JSON.stringify({ resourceType: 'Patient', name: [{ family: 'Müller' }] });
const json = { 'Content-Type': 'application/fhir+json' };

describe.each(fhirVersions)('%s behind API Gateway', (version) => {
  const create = { method: 'POST', path: `/${version}/Patient`, headers: json } as const;

  test('a created resource is at a URL of the host and stage that were asked, and can be read there', async () => {
    const handle = handlerOf(version);
    const created = await handle(eventOf({ ...create, body: patient }), unhurried);
    const { id } = jsonOf(created.body);
    expect([created.statusCode, created.headers?.['location']]).toEqual([
      201,
      `https://abc.execute-api.eu-west-1.amazonaws.com/v1/${version}/Patient/${id}/_history/1`,
    ]);
    const read = await handle(eventOf({ path: `/${version}/Patient/${id}` }), unhurried);
    expect(read.headers?.['strict-transport-security']).toBe('max-age=31536000');
    expect([read.statusCode, read.headers?.['etag'], jsonOf(read.body).name[0].family]).toEqual([
      200,
      'W/"1"',
      'Müller',
    ]);
  });

  test('a body comes as text or, where all media types are binary, in base64', async () => {
    const answers = [patient, Buffer.from(patient)].map((body) =>
      handlerOf(version)(eventOf({ ...create, body }), unhurried),
    );
    const families = (await Promise.all(answers)).map(({ body }) => jsonOf(body).name[0].family);
    expect(families).toEqual(['Müller', 'Müller']);
  });

  test('on a custom domain the base path that is mapped stands before the version', async () => {
    const context = { domainName: 'fhir.example.org', path: `/base/${version}/Patient` };
    const answer = await handlerOf(version)(
      eventOf({ ...create, path: `/base/${version}/Patient`, body: patient, context }),
      unhurried,
    );
    expect(answer.headers?.['location']).toMatch(`https://fhir.example.org/base/${version}/Patient/`);
  });

  test('where tenants share the server the URL may name one, behind whatever stands before it', async () => {
    const { ofTenant } = server.servers[version];
    const authenticate = () => Promise.resolve({ ...callerOf('practitioner'), claims: { tenantId: version } });
    const handle = handlerOf(version, { tenancy: { ...standardTenancy, ofTenant }, authenticate });
    const place = `/tenant/${version}/${version}`; // a tenant may be called as a version is
    const created = await handle(eventOf({ ...create, path: `${place}/Patient`, body: patient }), unhurried);
    expect(created.headers?.['location']).toMatch(
      `https://abc.execute-api.eu-west-1.amazonaws.com/v1${place}/Patient/`,
    );
    const path = `/base${place}/Patient`;
    const context = { domainName: 'fhir.example.org', path };
    const mapped = await handle(eventOf({ ...create, path, body: patient, context }), unhurried);
    expect(mapped.headers?.['location']).toMatch(`https://fhir.example.org${path}/`);
    const plain = await handle(eventOf({ path: `/${version}/Patient` }), unhurried);
    expect([plain.statusCode, jsonOf(plain.body).total]).toEqual([200, 2]);
    const other = await handle(eventOf({ path: `/tenant/other/${version}/Patient` }), unhurried);
    expect(other.statusCode).toBe(403);
  });

  test('PUBLIC_URL stands in links, whatever was asked', async () => {
    const handle = handlerOf(version, { publicUrl: 'https://front.example.org/fhir' });
    const answer = await handle(eventOf({ ...create, body: patient }), unhurried);
    expect(answer.headers?.['location']).toMatch(`https://front.example.org/fhir/${version}/Patient/`);
  });

  test('parameters come decoded and may repeat; the self link has them all', async () => {
    const query = { name: ['a&b=ü', 'c d'], _count: ['5'] };
    const answer = await handlerOf(version)(eventOf({ path: `/${version}/Patient`, query }), unhurried);
    const self = new URL(jsonOf(answer.body).link.find(({ relation }) => relation === 'self')?.url ?? '');
    expect([self.searchParams.getAll('name'), self.searchParams.get('_count')]).toEqual([['a&b=ü', 'c d'], '5']);
  });

  test('If-None-Exist counts, and is refused when it comes twice', async () => {
    const handle = handlerOf(version);
    const identifier = [{ system: 'http://example.org', value: 'gateway' }];
    const body = JSON.stringify({ resourceType: 'Patient', identifier });
    const asked = eventOf({
      ...create,
      headers: { ...json, 'If-None-Exist': 'identifier=http://example.org|gateway' },
      body,
    });
    const twice = { ...asked, multiValueHeaders: { ...asked.multiValueHeaders, 'If-None-Exist': ['_id=a', '_id=b'] } };
    const answers = [await handle(asked, unhurried), await handle(asked, unhurried), await handle(twice, unhurried)];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 200, 400]);
  });

  test('a compressed answer is in base64', async () => {
    const headers = { 'Accept-Encoding': 'gzip' };
    const answer = await handlerOf(version)(eventOf({ path: `/${version}/metadata`, headers }), unhurried);
    expect([answer.isBase64Encoded, answer.headers?.['content-encoding']]).toEqual([true, 'gzip']);
    const text = gunzipSync(Buffer.from(answer.body, 'base64')).toString('utf8');
    expect(jsonOf(text).resourceType).toBe('CapabilityStatement');
  });

  test('an answer that Lambda cannot send is 413 and says what to ask for', async () => {
    const handle = handlerOf(version);
    const text = '"'.repeat(800_000); // four characters each in a text in JSON in JSON
    const large = {
      resourceType: 'Basic',
      code: { text },
      extension: [{ url: 'http://example.org', valueString: text }],
    };
    const headers = { ...json, Prefer: 'return=minimal' };
    const body = JSON.stringify(large);
    const created = await handle(eventOf({ method: 'POST', path: `/${version}/Basic`, headers, body }), unhurried);
    const path = `/${version}/Basic/${String(created.headers?.['location']).split('/').at(-3) ?? ''}`;
    const answer = await handle(eventOf({ path }), unhurried);
    expect([answer.statusCode, jsonOf(answer.body).issue[0].code]).toEqual([413, 'too-costly']);
  });

  test('a Binary comes and goes byte by byte, whatever its type', async () => {
    const handle = handlerOf(version);
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d]);
    for (const type of ['image/png', 'application/json', 'text/plain']) {
      const raw = { 'Content-Type': type, Accept: type === 'application/json' ? 'application/json' : '*/*' };
      const path = `/${version}/Binary/bytes-${type.replace('/', '-')}`;
      // What says that it is JSON must be: other bytes are not taken for it.
      const sent = type === 'application/json' ? Buffer.from('{"a":"ä"}') : bytes;
      const put = await handle(eventOf({ method: 'PUT', path, headers: raw, body: sent }), unhurried);
      const got = await handle(eventOf({ path, headers: { Accept: raw.Accept } }), unhurried);
      expect([put.statusCode, got.statusCode, got.isBase64Encoded]).toEqual([201, 200, true]);
      expect(Buffer.from(got.body, 'base64')).toEqual(sent);
    }
  });

  test('a request that takes the time of the function is given up before it: 503', async () => {
    const { store } = server.servers[version];
    const slow = { ...server.servers[version], store: { ...store, read: () => new Promise<never>(() => undefined) } };
    const handle = handlerOf(version, { server: slow });
    const answer = await handle(eventOf({ path: `/${version}/Patient/a` }), { getRemainingTimeInMillis: () => 0 });
    expect([answer.statusCode, jsonOf(answer.body).issue[0].code, answer.headers?.['Retry-After']]).toEqual([
      503,
      'transient',
      '1',
    ]);
  });

  test('without a token it is 401, and with a host that is none 400', async () => {
    const handle = handlerOf(version);
    const headers = { Authorization: '' };
    const nobody = await handle(eventOf({ path: `/${version}/Patient/a`, headers }), unhurried);
    const context = { domainName: 'a host"' };
    const nowhere = await handle(eventOf({ path: `/${version}/Patient/a`, context }), unhurried);
    expect([nobody.statusCode, nowhere.statusCode]).toEqual([401, 400]);
  });

  test('nothing is beside the version that is served', async () => {
    const answer = await handlerOf(version)(eventOf({ path: '/elsewhere' }), unhurried);
    expect([answer.statusCode, jsonOf(answer.body).resourceType]).toEqual([404, 'OperationOutcome']);
  });
});
