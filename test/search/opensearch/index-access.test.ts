import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { openSearchClient } from '../../../search/opensearch/client.js';
import { grantIndexAccess } from '../../../search/opensearch/index-access.js';

/** What a domain was asked for, in its order; `status` is what it answers. */
let asked: { readonly call: string; readonly body: unknown }[];
let status: number;
let domain: Server;
let url: string;
beforeEach(async () => {
  asked = [];
  status = 200;
  domain = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      asked.push({ call: `${request.method ?? ''} ${request.url ?? ''}`, body: JSON.parse(text) });
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(domain, 'listening');
  const address = domain.address();
  url = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : address)}`;
});
afterEach(() => {
  domain.closeAllConnections();
  domain.close();
});

const users = { alias: 'fhir-dev-r4', callers: ['arn:rest', 'arn:indexer'], keepers: ['arn:prepare'] };
const security = '/_plugins/_security/api';

test('roles get what they need of one alias and its indices, callers less than keepers', async () => {
  const client = openSearchClient(url);
  await grantIndexAccess(client, users);
  expect(asked.map(({ call }) => call)).toEqual([
    `PUT ${security}/roles/fhir-dev-r4-callers`,
    `PUT ${security}/rolesmapping/fhir-dev-r4-callers`,
    `PUT ${security}/roles/fhir-dev-r4-keepers`,
    `PUT ${security}/rolesmapping/fhir-dev-r4-keepers`,
  ]);
  const index_patterns = ['fhir-dev-r4', 'fhir-dev-r4-*'];
  expect(asked[0]?.body).toMatchObject({ index_permissions: [{ index_patterns }] });
  expect(JSON.stringify(asked[0]?.body)).not.toContain('indices_all');
  expect(asked[1]?.body).toEqual({ backend_roles: users.callers });
  expect(asked[2]?.body).toMatchObject({ index_permissions: [{ index_patterns, allowed_actions: ['indices_all'] }] });
  expect(asked[3]?.body).toEqual({ backend_roles: users.keepers });
  await client.close();
});

test('a domain that refuses fails it, and with it the deployment', async () => {
  status = 403;
  const client = openSearchClient(url);
  await expect(grantIndexAccess(client, users)).rejects.toThrow();
  expect(asked).toHaveLength(1);
  await client.close();
});
