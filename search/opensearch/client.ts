import { Client, errors } from '@opensearch-project/opensearch';
import { AwsSigv4Signer } from '@opensearch-project/opensearch/aws-v3';
import { timeLeft } from '../../fhir/deadline.js';

/** What requests are signed with; a session's have a token. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** How requests to a domain are signed. */
export interface RequestSigning {
  readonly region: string;
  readonly credentials: () => Promise<AwsCredentials>;
}

/** `search-name-hash.eu-west-1.es.amazonaws.com`, or `search-name-hash.aos.eu-west-1.on.aws` with IPv6. */
const awsDomain = /\.(?:([a-z0-9-]+)\.es\.amazonaws\.com(?:\.cn)?|aos\.([a-z0-9-]+)\.on\.aws)$/;

/**
 * The region of the AWS domain that an endpoint names: requests to it are signed.
 * @returns undefined for other places, and where the URL has a user of the domain's own.
 */
export function signedRegion(endpoint: string): string | undefined {
  const { hostname, username } = new URL(endpoint);
  const [, region, other] = awsDomain.exec(hostname) ?? [];
  return username === '' ? (region ?? other) : undefined;
}

/**
 * How long a call may take that a request waits for, in milliseconds, and how often it is tried again: together less
 * than the 29 seconds that API Gateway waits.
 */
const patience = { requestTimeout: 12_000, maxRetries: 1 } as const;

/** For calls that make or remove many things: they are waited for, and not begun twice. */
export const unhurried = { requestTimeout: 60_000, maxRetries: 0 } as const;

/**
 * A client of an OpenSearch. A call that gets no answer in twelve seconds, or half of what the request that makes it has
 * left, is tried once more.
 * @param endpoint its URL, which may hold user and password.
 * @param signing signs each request as AWS asks for it
 * (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/request-signing.html); not without it.
 */
export function openSearchClient(endpoint: string, signing?: RequestSigning): Client {
  if (signing === undefined) return withinDeadline(new Client({ node: endpoint, ...patience }));
  const { region, credentials } = signing;
  const { Connection, Transport } = AwsSigv4Signer({ region, service: 'es', getCredentials: credentials });
  return withinDeadline(new Client({ node: endpoint, Connection, Transport, ...patience }));
}

/** Has calls of a client end in time for who waits for them (`fhir/deadline.ts`). */
function withinDeadline(client: Client): Client {
  const { transport } = client;
  // Its own type is that of a function with a callback as well, which nobody here gives.
  const request = transport.request.bind(transport) as unknown as Call;
  const timely: Call = (params, options = {}) => {
    const left = timeLeft();
    if (left === Infinity) return request(params, options);
    if (left <= 0) return Promise.reject(new errors.ConnectionError('The time of the request is over'));
    const { requestTimeout = patience.requestTimeout, maxRetries = patience.maxRetries } = options;
    return request(params, {
      ...options,
      requestTimeout: Math.ceil(Math.min(requestTimeout, left / (maxRetries + 1))),
    });
  };
  return Object.assign(client, { transport: Object.assign(transport, { request: timely }) });
}

/** A call as the client's methods make it. */
type Call = (
  params: object,
  options?: { readonly requestTimeout?: number; readonly maxRetries?: number },
) => Promise<unknown>;
