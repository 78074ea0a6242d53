import { Client } from '@opensearch-project/opensearch';
import { AwsSigv4Signer } from '@opensearch-project/opensearch/aws-v3';

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
 * A client of an OpenSearch. A call that gets no answer in twelve seconds is tried once more.
 * @param endpoint its URL, which may hold user and password.
 * @param signing signs each request as AWS asks for it
 * (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/request-signing.html); not without it.
 */
export function openSearchClient(endpoint: string, signing?: RequestSigning): Client {
  if (signing === undefined) return new Client({ node: endpoint, ...patience });
  const { region, credentials } = signing;
  const { Connection, Transport } = AwsSigv4Signer({ region, service: 'es', getCredentials: credentials });
  return new Client({ node: endpoint, Connection, Transport, ...patience });
}
