import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { validateResource } from '../../fhir/validate.js';
import { capabilities } from '../../interactions/capabilities.js';
import { operationsOf } from '../../interactions/operations/find-operation.js';
import { startTestServer, type TestServer } from '../support/server.js';

interface Statement {
  readonly implementation: { readonly url: string };
  readonly rest: readonly {
    readonly interaction: readonly { readonly code: string }[];
    readonly searchParam: readonly { readonly name: string }[];
    readonly compartment: readonly string[];
    readonly resource: readonly {
      readonly type: string;
      readonly interaction: readonly { readonly code: string }[];
      readonly [capability: string]: unknown;
      readonly searchParam?: readonly { readonly name: string; readonly definition: string; readonly type: string }[];
      readonly searchInclude?: readonly string[];
      readonly searchRevInclude?: readonly string[];
      readonly operation?: readonly { readonly name: string; readonly definition: string }[];
    }[];
  }[];
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const statement = (version: FhirVersion): Statement =>
  JSON.parse(capabilities(server.servers[version], `http://h/${version}`).text) as Statement;

const resourcesOf = (version: FhirVersion) => statement(version).rest[0]?.resource ?? [];

/** Parameters that are no values of the resource, each with a query. */
const special: Readonly<Record<string, string>> = {
  _content: '_content=word',
  _text: '_text=word',
  _list: '_list=42',
  _filter: '_filter=_id%20eq%20x',
  _has: '_has:Provenance:target:_id=x',
  'near-distance': 'near=1:1&near-distance=1||km',
};

describe.each(fhirVersions)('the capability statement, %s', (version) => {
  test('names every resource type that is served', () => {
    expect(resourcesOf(version).map(({ type }) => type)).toEqual(server.servers[version].definitions.resourceTypes);
  });

  test('is said for the base URL asked for', () => {
    expect(statement(version).implementation.url).toBe(`http://h/${version}`);
    expect(capabilities(server.servers[version], 'http://other/base').text).toContain('"url":"http://other/base"');
  });

  test('promises only parameters the search takes', async () => {
    for (const { type, searchParam = [] } of resourcesOf(version)) {
      // All at once: each is a condition of its own, so any refused one would make the whole search fail.
      const query = searchParam
        .map(({ name }) => special[name] ?? `${encodeURIComponent(name)}:missing=true`)
        .join('&');
      const { status, json } = await server.send('GET', `/${version}/${type}?${query}&_total=none`);
      expect([type, status, json.issue]).toEqual([type, 200, undefined]);
    }
  });

  test('promises only includes the search takes', async () => {
    for (const { type, searchInclude = [], searchRevInclude = [] } of resourcesOf(version)) {
      for (let from = 0; from < searchInclude.length + searchRevInclude.length; from += 20) {
        const includes = [
          ...searchInclude.map((include) => `_include=${include}`),
          ...searchRevInclude.map((include) => `_revinclude=${include}`),
        ].slice(from, from + 20);
        const { status, json } = await server.send('GET', `/${version}/${type}?${includes.join('&')}`);
        expect([type, status, json.issue]).toEqual([type, 200, undefined]);
      }
    }
  });

  test('states every operation by its definition, where the version has a place for it', () => {
    const [rest] = statement(version).rest as unknown as readonly { readonly operation: readonly unknown[] }[];
    const base = 'http://hl7.org/fhir/OperationDefinition';
    if (version === 'stu3') {
      expect(rest?.operation).toContainEqual({ name: 'expand', definition: { reference: `${base}/ValueSet-expand` } });
      return;
    }
    expect(rest?.operation).toContainEqual({ name: 'meta', definition: `${base}/Resource-meta` });
    const ofType = (type: string) => resourcesOf(version).find((each) => each.type === type)?.operation ?? [];
    expect(ofType('ValueSet')).toContainEqual({ name: 'expand', definition: `${base}/ValueSet-expand` });
    expect(ofType('Patient').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['meta', 'meta-add', 'everything']),
    );
    expect(ofType('Patient').map(({ name }) => name)).not.toContain('expand');
  });

  test('promises only operations that there are, and all of them', async () => {
    const at = async (path: string, name: string): Promise<boolean> => {
      const { status, json } = await server.send('POST', `/${version}/${path}$${name}`, { body: '{}' });
      return status !== 404 || json.issue[0].diagnostics?.startsWith('The operation') !== true;
    };
    const served = operationsOf(server.servers[version].definitions).filter(
      ({ isServed }) => isServed?.(server.servers[version]) ?? true,
    );
    const names = new Set(served.map(({ name }) => name));
    const [rest] = statement(version).rest as unknown as readonly {
      readonly operation?: readonly { name: string }[];
    }[];
    const ofSystem = new Set(rest?.operation?.map(({ name }) => name));
    if (version === 'stu3') {
      expect([...ofSystem].sort()).toEqual([...names].sort());
      return;
    }
    for (const name of [...names, 'nonsense']) expect([name, await at('', name)]).toEqual([name, ofSystem.has(name)]);
    const asked = ['Patient', 'Encounter', 'ValueSet', 'CodeSystem', 'Basic'];
    for (const { type, operation = [] } of resourcesOf(version).filter(({ type: each }) => asked.includes(each))) {
      const promised = new Set(operation.map(({ name }) => name));
      for (const name of names) {
        const isThere = (await at(`${type}/`, name)) || (await at(`${type}/x/`, name));
        expect([type, name, isThere]).toEqual([type, name, promised.has(name)]);
      }
    }
  });

  test('leaves out what the search refuses', async () => {
    const promised = new Set(
      resourcesOf(version).flatMap(({ type, searchParam = [] }) => searchParam.map(({ name }) => `${type}.${name}`)),
    );
    const { definitions } = server.servers[version];
    const left = definitions.resourceTypes.flatMap((type) =>
      definitions.searchParameters
        .ofType(type)
        .filter(({ code }) => !promised.has(`${type}.${code}`))
        .map(({ code }) => ({ type, code })),
    );
    for (const { type, code } of left.filter((_, place) => place % 25 === 0)) {
      const { status } = await server.send('GET', `/${version}/${type}?${encodeURIComponent(code)}=1`);
      expect([type, code, status]).toEqual([type, code, 400]);
    }
  });

  test('tells that nobody is notified of Subscriptions where that is so', () => {
    const found = resourcesOf(version).find(({ type }) => type === 'Subscription');
    expect(found?.['documentation']).toBe('Subscriptions are stored; nobody is notified');
  });

  test('is a valid CapabilityStatement of its version', () => {
    const { definitions } = server.servers[version];
    expect(validateResource(definitions, statement(version))).toEqual([]);
  });

  /** What each interaction that FHIR has for a type looks like, and the status of success. */
  const ofType: Readonly<Record<string, (type: string, body: object) => readonly [string, string, number, object?]>> = {
    create: (type, body) => ['POST', type, 201, body],
    read: (type) => ['GET', `${type}/c1`, 200],
    vread: (type) => ['GET', `${type}/c1/_history/1`, 200],
    update: (type, body) => ['PUT', `${type}/c1`, 200, body],
    patch: (type) => ['PATCH', `${type}/c1`, 200, { resourceType: 'Parameters' }],
    'history-instance': (type) => ['GET', `${type}/c1/_history`, 200],
    'history-type': (type) => ['GET', `${type}/_history`, 200],
    'search-type': (type) => ['GET', `${type}?_id=c1`, 200],
    delete: (type) => ['DELETE', `${type}/c1`, 204],
  };

  const examples: readonly { readonly resourceType: string; readonly [element: string]: unknown }[] = [
    { resourceType: 'Patient' },
    { resourceType: 'Observation', status: 'final', code: { text: 'x' } },
    { resourceType: 'Organization', name: 'x' },
    { resourceType: 'Bundle', type: 'collection' },
    { resourceType: 'Binary', contentType: 'text/plain', [version === 'r4' ? 'data' : 'content']: 'eA==' },
    { resourceType: 'Parameters', parameter: [{ name: 'x', valueString: 'y' }] },
    minimalStatement(version),
  ];

  test.each(examples)(
    'says of $resourceType what is done: the rest is refused',
    async ({ resourceType, ...content }) => {
      const body = { resourceType, ...content, id: 'c1' };
      const [resource] = resourcesOf(version).filter(({ type }) => type === resourceType);
      const promised = new Set(resource?.interaction.map(({ code }) => code));
      const made = await server.send('PUT', `/${version}/${resourceType}/c1`, { body });
      expect([made.status, made.json.issue, resource?.['updateCreate']]).toEqual([201, undefined, true]);
      for (const [code, request] of Object.entries(ofType)) {
        const [method, path, success, sent] = request(resourceType, body);
        const { status, json } = await server.send(
          method,
          `/${version}/${path}`,
          sent === undefined ? {} : { body: sent },
        );
        expect([code, promised.has(code), status]).toEqual([
          code,
          promised.has(code),
          promised.has(code) ? success : 501,
        ]);
        if (!promised.has(code)) expect(json.issue[0].code).toBe('not-supported');
      }
      expect([...promised].filter((code) => !(code in ofType))).toEqual([]);
    },
  );

  test('says truly what conditional interactions there are', async () => {
    const stated = resourcesOf(version).map((resource) => [
      resource['conditionalCreate'],
      resource['conditionalRead'],
      resource['conditionalUpdate'],
      resource['conditionalDelete'],
    ]);
    for (const each of stated) expect(each).toEqual([true, 'full-support', true, 'single']);
    const body = { resourceType: 'Patient', identifier: [{ value: 'stated' }] };
    const ifNoneExist = { 'if-none-exist': 'identifier=stated' };
    const sent = await server.send('POST', `/${version}/Patient`, { body, headers: ifNoneExist });
    const url = `/${version}/Patient/${sent.json.id}`;
    const since = { 'if-modified-since': sent.headers['last-modified'] ?? '' };
    const statuses = [
      sent,
      await server.send('POST', `/${version}/Patient`, { body, headers: ifNoneExist }),
      await server.send('GET', url, { headers: { 'if-none-match': sent.headers.etag ?? '' } }),
      await server.send('GET', url, { headers: since }),
      await server.send('PUT', `/${version}/Patient?identifier=stated`, { body }),
      await server.send('DELETE', `/${version}/Patient?identifier=stated`),
    ].map(({ status }) => status);
    expect(statuses).toEqual([201, 200, 304, 304, 200, 204]);
    const twins = [1, 2].map(() => server.send('POST', `/${version}/Patient`, { body }));
    await Promise.all(twins);
    expect((await server.send('DELETE', `/${version}/Patient?identifier=stated`)).status).toBe(412); // single
  });

  test('names the forms of patches that are taken', async () => {
    const stated = (statement(version) as unknown as { readonly patchFormat: readonly string[] }).patchFormat;
    const made = await server.send('POST', `/${version}/Patient`, { body: { resourceType: 'Patient' } });
    for (const type of [...stated, 'application/xml-patch+xml', 'application/merge-patch+json']) {
      const { status } = await server.send('PATCH', `/${version}/Patient/${made.json.id}`, {
        body: type.includes('json-patch') ? '[]' : '{"resourceType":"Parameters"}',
        headers: { 'content-type': type },
      });
      expect([type, status]).toEqual([type, stated.includes(type) ? 200 : 415]);
    }
  });

  test('says of the whole system what is done: the rest is refused', async () => {
    expect(statement(version).rest[0]?.interaction.map(({ code }) => code)).toEqual([
      'transaction',
      'batch',
      'history-system',
      'search-system',
    ]);
    expect((await server.send('GET', `/${version}/_history`)).status).toBe(200);
    for (const type of ['transaction', 'batch']) {
      const { status } = await server.send('POST', `/${version}`, { body: { resourceType: 'Bundle', type } });
      expect(status).toBe(200);
    }
  });

  test('promises of the whole system only parameters and compartments that are served', async () => {
    const [rest] = statement(version).rest;
    const names = rest?.searchParam.map(({ name }) => name) ?? [];
    expect(names).toEqual(
      expect.arrayContaining(['_id', '_lastUpdated', '_tag', '_content', '_list', '_has', '_type']),
    );
    for (const name of names) {
      const query = name === '_type' ? '_type=Patient' : (special[name] ?? `${name}:missing=true`);
      const { status, json } = await server.send('GET', `/${version}?${query}&_type=Patient,Observation&_total=none`);
      expect([name, status, json.issue]).toEqual([name, 200, undefined]);
    }
    expect(rest?.compartment).toHaveLength(5);
    for (const url of rest?.compartment ?? []) {
      const name = server.servers[version].definitions.compartments.names.find((each) =>
        url.toLowerCase().endsWith(`/${each.toLowerCase()}`),
      );
      const { status } = await server.send('GET', `/${version}/${name ?? ''}/1/Observation`);
      expect([url, status]).toEqual([url, 200]);
    }
  });
});

/** A statement is a resource like others, and can be stored as one. */
function minimalStatement(version: FhirVersion) {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2020',
    kind: 'requirements',
    fhirVersion: version === 'r4' ? '4.0.1' : '3.0.2',
    format: ['json'],
    description: 'what is needed',
    rest: [{ mode: 'server' }],
    ...(version === 'r4' ? {} : { acceptUnknown: 'no' }),
  };
}
