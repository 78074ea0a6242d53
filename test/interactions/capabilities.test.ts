import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { capabilities } from '../../interactions/capabilities.js';
import { startTestServer, type TestServer } from '../support/server.js';

interface Statement {
  readonly implementation: { readonly url: string };
  readonly rest: readonly {
    readonly resource: readonly {
      readonly type: string;
      readonly interaction: readonly { readonly code: string }[];
      readonly searchParam?: readonly { readonly name: string; readonly definition: string; readonly type: string }[];
      readonly searchInclude?: readonly string[];
      readonly searchRevInclude?: readonly string[];
    }[];
  }[];
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const statement = (version: FhirVersion): Statement =>
  JSON.parse(capabilities(server.servers[version], `http://h/${version}`)) as Statement;

const resourcesOf = (version: FhirVersion) => statement(version).rest[0]?.resource ?? [];

describe.each(fhirVersions)('the capability statement, %s', (version) => {
  test('names every resource type that is served', () => {
    expect(resourcesOf(version).map(({ type }) => type)).toEqual(server.servers[version].definitions.resourceTypes);
  });

  test('is said for the base URL asked for', () => {
    expect(statement(version).implementation.url).toBe(`http://h/${version}`);
    expect(capabilities(server.servers[version], 'http://other/base')).toContain('"url":"http://other/base"');
  });

  test('promises only parameters the search takes', async () => {
    for (const { type, searchParam = [] } of resourcesOf(version)) {
      // All at once: each is a condition of its own, so any refused one would make the whole search fail.
      const query = searchParam.map(({ name }) => `${encodeURIComponent(name)}:missing=true`).join('&');
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
});
