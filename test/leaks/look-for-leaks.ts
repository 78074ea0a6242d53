import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Principal } from '../../auth/principal.js';
import type { Tenant } from '../../fhir/tenant.js';
import { withoutWords } from '../../fhir/without-words.js';
import type { FhirVersion } from '../../fhir/version.js';
import { publishVariables } from '../../indexer/publish-mutation.js';
import type { TenantServers } from '../../interactions/tenancy.js';
import { createAppSyncApi } from '../../local/appsync/create-api.js';
import { dynamoDbDataSource } from '../../local/appsync/data-sources/dynamodb.js';
import { lambdaDataSource } from '../../local/appsync/data-sources/lambda.js';
import { noneDataSource } from '../../local/appsync/data-sources/none.js';
import { passes, readFilter } from '../../local/appsync/realtime/filter.js';
import type { Claims } from '../../resolvers/interaction-request.js';
import { createResolverHandler } from '../../resolvers/lambda/handler.js';
import { loadApi } from '../../schema/load-api.js';
import type { TestServer } from '../support/server.js';
import { type GraphqlCell, graphqlCells } from './graphql-cells.js';
import { type Recorded, recordOf, secretOf } from './record.js';
import { type RestCell, restCells } from './rest-cells.js';

/** What came back by a cell of either face, as far as it may tell something. */
interface Answer {
  /** `rest read`, `graphql list`. */
  readonly kind: string;
  readonly request: string;
  readonly text: string;
  /** The number of matches of a search for the resource, when it was told. */
  readonly total?: number;
  /** Whether a write of the resource was done. */
  readonly wrote: boolean;
}

/** A part of the cells. */
export interface Part {
  /** Only cells of these kinds. */
  readonly kinds?: readonly string[];
  /** What was asked before, and is not asked again: much that leads to one resource leads to others. */
  readonly asked?: Set<string>;
  /** Only cells that write, or only those that do not. */
  readonly writing?: boolean;
}

/** Both faces of one FHIR version, over the same store, with the cells that lead to resources. */
export interface Faces {
  readonly record: readonly Recorded[];
  /** Stores the record, whatever was there before. */
  readonly fill: () => Promise<void>;
  /** Asks, as somebody, for everything that leads to a resource. */
  readonly ask: (
    as: {
      readonly token: string;
      readonly principal: Principal;
      /** Whose, where tenants share the server; it is the token's. */
      readonly tenant?: Tenant;
    },
    target: Recorded,
    part?: Part,
  ) => Promise<readonly Answer[]>;
}

/** Where tenants share the server: how they do, and whose the record is. */
export interface SharedFaces extends TenantServers {
  readonly owner: Tenant;
}

/** @param resolvers the folder of the bundled resolvers. */
export async function facesOf(
  server: TestServer,
  version: FhirVersion,
  resolvers: string,
  shared?: SharedFaces,
): Promise<Faces> {
  const record = recordOf(version);
  const fhir = server.servers[version];
  const api = await loadApi(version);
  const baseUrl = server.base(version);
  const holder = shared === undefined ? fhir : shared.ofTenant(shared.owner);
  const owner = shared === undefined ? '' : `@${shared.owner}`;
  const handler = createResolverHandler(fhir, {
    ...(shared === undefined ? {} : { tenancy: shared }),
    baseUrl: () => baseUrl,
    // As the server and the function do: local/graphql.ts, resolvers/lambda.ts.
    onUnexpected: (failure) => void server.logged.push({ fields: withoutWords(failure), message: 'it failed' }),
  });
  const graphql = createAppSyncApi({
    api,
    environment: {
      AUTHORIZATION: 'roles+smart',
      ...(shared === undefined ? {} : { TENANCY: 'pooled', TENANT_CLAIM: shared.claim }),
    },
    authorization: { standard: 'AMAZON_COGNITO_USER_POOLS', additional: ['AWS_IAM'] },
    code: (name) => readFileSync(join(resolvers, `${name}.js`), 'utf8'),
    dataSources: {
      none: noneDataSource,
      resources: dynamoDbDataSource(fhir.table),
      interactions: lambdaDataSource((event) => handler(event as Parameters<typeof handler>[0])),
    },
  });
  const ofGraphql = await graphqlCells(api);
  const asked = new Map<Recorded, readonly [readonly RestCell[], readonly GraphqlCell[]]>();

  async function byRest(
    token: string,
    about: string,
    { kind, method, path, headers = {}, body, writes }: RestCell,
  ): Promise<Answer> {
    const request = { as: token, headers, ...(body === undefined ? {} : { body }) };
    const answer = await server.send(method, `/${version}/${path}`, request);
    const { total, type } = (answer.json as { total?: number; type?: string } | undefined) ?? {};
    return {
      kind: `rest ${kind}`,
      request: `${method} ${path} ${typeof body === 'object' ? JSON.stringify(body).slice(0, 300) : ''}`,
      text: answer.text,
      wrote: writes === true && answer.status < 300 && method !== 'GET',
      ...(type === 'searchset' && total !== undefined && path.startsWith(about) ? { total } : {}),
    };
  }

  async function byGraphql(identity: unknown, { code, query, writes }: GraphqlCell): Promise<Answer> {
    const { data, errors } = await graphql.execute({ query, identity, mode: 'AMAZON_COGNITO_USER_POOLS', headers: {} });
    const text = JSON.stringify([data, errors]);
    if (text.includes('Validation error')) throw new Error(`${query} is no query of the schema: ${text}`);
    return {
      kind: `graphql ${code}`,
      request: query,
      text,
      wrote: writes === true && errors === undefined,
    };
  }

  /** Whether a change of the resource would pass the filter that a subscription gets. */
  async function bySubscription(claims: Claims, { code, query }: GraphqlCell, target: Recorded): Promise<Answer> {
    const [, type, id] = /type: (\w+), id: "([^"]+)"/.exec(query) ?? [];
    const asked = { interaction: 'subscribe' as const, field: 'Subscriptions.onResourceChanged', claims };
    const given = await handler({ ...asked, arguments: type === undefined ? {} : { type, id } });
    const { type: itsType, id: itsId } = target;
    const stored = await holder.store.read(target);
    const { lastUpdated = '', versionId = 0, compartments = [] } = stored ?? {};
    const change = { tenant: holder.tenant, type: itsType, id: itsId, versionId, lastUpdated, compartments };
    const event = publishVariables({ ...change, action: 'update' });
    const isTold = 'value' in given && passes(readFilter(given.value), event);
    return { kind: `graphql ${code}`, request: query, text: isTold ? secretOf(target) : '', wrote: false };
  }

  /** The FHIR specification's GraphQL, on REST, knows what AppSync's does. */
  async function byOperation(token: string, { code, query, writes }: GraphqlCell): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    const answer = await server.send('POST', `/${version}/$graphql`, {
      as: token,
      headers,
      body: JSON.stringify({ query }),
    });
    const { errors } = answer.json as unknown as { errors?: unknown };
    return {
      kind: `rest $graphql ${code}`,
      request: query,
      text: answer.text,
      wrote: writes === true && errors === undefined,
    };
  }

  return {
    record,
    async fill() {
      for (const { type, id, versions } of record) {
        for (const body of versions) {
          const { status, text } = await server.send('PUT', `/${version}/${type}/${id}`, {
            as: `practitioner${owner}`,
            body,
          });
          if (status >= 300) throw new Error(`${type}/${id} is not stored: ${text}`);
        }
      }
    },
    async ask({ token, principal, tenant }, target, { kinds, asked: before = new Set(), writing: only } = {}) {
      const [rest, ofApi] = asked.get(target) ?? [restCells(fhir.definitions, target), ofGraphql(target)];
      asked.set(target, [rest, ofApi]);
      const identity = {
        sub: principal.subject,
        claims: { ...claimsOf(principal), ...(tenant && { tenantId: tenant }) },
        groups: principal.groups,
      };
      const answers: Answer[] = [];
      const about = `${target.type}?_id=${target.id}`;
      const isWanted = (kind: string, request: string): boolean => {
        if (before.has(request) || kinds?.includes(kind) === false) return false;
        before.add(request);
        return true;
      };
      const first = new Map<string, number>();
      // What reads comes first: a write that is done after all would take from the others what they lead to.
      for (const writing of only === undefined ? [false, true] : [only]) {
        for (const cell of rest) {
          const request = JSON.stringify([cell.method, cell.path, cell.headers, cell.body]);
          if (isWrite(cell) === writing && isWanted(`rest ${cell.kind}`, request))
            answers.push(await byRest(token, about, cell));
        }
        for (const cell of ofApi) {
          if ((cell.writes === true) !== writing) continue;
          const { code, query } = cell;
          const isSubscription = code === 'on-resource-changed';
          if (isWanted(`graphql ${code}`, query)) {
            answers.push(
              isSubscription ? await bySubscription(identity.claims, cell, target) : await byGraphql(identity, cell),
            );
          }
          if (isSubscription || code === 'publish-change') continue;
          const nth = first.get(code) ?? 0;
          first.set(code, nth + 1);
          // The same query by the operation, as far as it leads elsewhere.
          if (isLeading(code, nth) && isWanted(`rest $graphql ${code}`, `$graphql ${query}`))
            answers.push(await byOperation(token, cell));
        }
      }
      return answers;
    },
  };
}

/** Of reverse lists in two patients by several parameters, those of the second. */
const isLeading = (code: string, nth: number): boolean => !code.startsWith('reverse') || nth % 4 === 3;

const isWrite = ({ method, writes }: RestCell): boolean => writes === true || !['GET', 'POST'].includes(method);

/** The claims of a token that says who somebody is. */
export const claimsOf = ({
  subject,
  username,
  groups,
  scopes,
  clientId,
  fhirUser,
  patient,
  isApplication,
}: Principal): Claims => ({
  sub: isApplication === true ? clientId : subject,
  client_id: clientId,
  'cognito:groups': groups,
  scope: scopes.join(' '),
  ...(isApplication === true ? {} : { username }),
  ...(fhirUser === undefined ? {} : { fhirUser }),
  ...(patient === undefined ? {} : { patient }),
});

/** What went where it must not, in words; empty when nothing did. */
export function leaksIn(
  answers: readonly Answer[],
  record: readonly Recorded[],
  sees: (resource: Recorded) => boolean,
): string[] {
  const hidden = record.filter((resource) => !sees(resource)).map(secretOf);
  return answers.flatMap(({ kind, request, text, total, wrote }) => {
    const told = hidden.filter((secret) => text.includes(secret));
    return [
      ...told.map((secret) => `${kind}: ${request} tells ${secret}`),
      ...(wrote ? [`${kind}: ${request} writes`] : []),
      ...(total !== undefined && total > 0 ? [`${kind}: ${request} counts ${String(total)}`] : []),
    ];
  });
}
