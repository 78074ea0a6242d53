import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

/** The AppSync API that publishes, and who asks it. */
export interface PublishTo {
  /** The URL of its `/graphql`. */
  readonly url: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Is told of the variables of what the API refuses whenever it comes: it has another schema. */
  readonly onRefused: (variables: Readonly<Record<string, unknown>>) => void;
}

/** How long one mutation may take, in milliseconds. */
const patience = 10_000;

/**
 * Publishes by a mutation of `publish-mutation.ts`, signed as IAM asks for it.
 * https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-iam-authorization
 * @returns what publishes; it throws when the change is to come again.
 */
export function publishToAppSync({ url, region, credentials, onRefused }: PublishTo) {
  const { protocol, hostname, host, port, pathname } = new URL(url);
  const signer = new SignatureV4({ service: 'appsync', region, credentials, sha256: Sha256 });
  return async (query: string, variables: Readonly<Record<string, unknown>>): Promise<void> => {
    const body = JSON.stringify({ query, variables });
    const signed = await signer.sign({
      method: 'POST',
      protocol,
      hostname,
      path: pathname,
      ...(port === '' ? {} : { port: Number(port) }),
      query: {},
      headers: { 'content-type': 'application/json', host },
      body,
    });
    const { headers } = signed;
    delete headers['host']; // fetch sets it
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(patience) });
    const { errors } = (await answer.json().catch(() => ({}))) as { errors?: readonly { errorType?: string }[] };
    if (answer.ok && errors === undefined) return;
    if (errors?.every(({ errorType }) => errorType !== undefined && refusals.has(errorType)) === true)
      onRefused(variables);
    else throw new Error(`AppSync answers ${String(answer.status)} ${errors?.[0]?.errorType ?? ''}`);
  };
}

/** Errors of a request that no later one is without: the schema lacks the resource type, or the mutation. */
const refusals = new Set(['ValidationError', 'GraphQLValidationError', 'BadRequestException']);
