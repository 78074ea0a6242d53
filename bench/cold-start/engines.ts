import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, json } from 'node:stream/consumers';

export const userPool = 'eu-west-1_bench';
export const clientId = 'bench';
export const bucket = 'bodies';

/** What stands for DynamoDB, OpenSearch, S3 and Cognito where functions are measured: nothing of theirs is. */
export interface Engines {
  readonly url: string;
  /** The access token of a practitioner. */
  readonly token: string;
  /** How many objects the bucket holds. */
  objects(): number;
  close(): Promise<void>;
}

type Attributes = Readonly<Record<string, { readonly S?: string }>>;
interface TableRequest {
  readonly Key?: Attributes;
  readonly Item?: Attributes;
}

/**
 * Starts a server of a table that keeps what is put and gives it by its key, conditions aside, of a bucket that does so
 * too, of an index in which nothing is found, and of a user pool's keys.
 */
export async function startStubs(): Promise<Engines> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }] };
  const items = new Map<string, Attributes>();
  const keyOf = ({ pk, sk }: Attributes): string => `${pk?.S ?? ''} ${sk?.S ?? ''}`;
  const table: Readonly<Record<string, (request: TableRequest) => object>> = {
    GetItem({ Key = {} }) {
      const item = items.get(keyOf(Key));
      return item === undefined ? {} : { Item: item };
    },
    PutItem({ Item = {} }) {
      items.set(keyOf(Item), Item);
      return {};
    },
  };
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const answer = async (): Promise<object> => {
      const [path = ''] = (request.url ?? '').split('?');
      if (path.startsWith(`/${bucket}/`)) {
        if (request.method === 'PUT') objects.set(path, await buffer(request));
        return request.method === 'GET' ? (objects.get(path) ?? {}) : {};
      }
      if (request.url?.endsWith('/jwks.json') === true) return jwks;
      if (request.url?.includes('_search') === true) return { hits: { hits: [] }, _shards: { failed: 0 } };
      const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      const act = table[action];
      if (act === undefined) throw new Error(`${action} of ${request.url ?? ''} is not here`);
      return act((await json(request)) as TableRequest);
    };
    answer().then(
      (body) => {
        response.setHeader('content-type', 'application/json');
        response.end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
      },
      (error: unknown) => {
        response.writeHead(400).end(String(error));
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    token: tokenOf((signed) => sign('sha256', signed, privateKey)),
    objects: () => objects.size,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function tokenOf(signature: (signed: Buffer) => Buffer): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ kid: 'bench', alg: 'RS256' })}.${part({
    sub: randomUUID(),
    'cognito:groups': ['practitioner'],
    iss: `https://cognito-idp.eu-west-1.amazonaws.com/${userPool}`,
    version: 2,
    client_id: clientId,
    token_use: 'access',
    scope: 'openid profile',
    auth_time: now,
    exp: now + 3600,
    iat: now,
    jti: randomUUID(),
    username: 'practitioner',
  })}`;
  return `${signed}.${signature(Buffer.from(signed)).toString('base64url')}`;
}
