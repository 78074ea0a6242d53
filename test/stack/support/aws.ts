/** Calls of the deployed AWS, an emulator that takes any credentials: what tests do as an administrator. */
export interface Aws {
  readonly endpoint: string;
  /** An operation of Cognito's user pools. */
  userPools(operation: string, input: object): Promise<Readonly<Record<string, unknown>>>;
  /** An operation of SQS. */
  queues(operation: string, input: object): Promise<Readonly<Record<string, unknown>>>;
  /** An operation of DynamoDB. */
  tables(operation: string, input: object): Promise<Readonly<Record<string, unknown>>>;
  /** An operation of Step Functions. */
  states(operation: string, input: object): Promise<Readonly<Record<string, unknown>>>;
  /** Makes a bucket, or puts an object: `bucket`, `bucket/key`. */
  putObject(path: string, body?: string): Promise<void>;
  /** The keys of a bucket that begin with a text. */
  objectKeys(bucket: string, prefix: string): Promise<readonly string[]>;
  deleteObject(bucket: string, key: string): Promise<void>;
  /** A resource of API Gateway's own API. */
  gateway(path: string): Promise<Readonly<Record<string, unknown>>>;
  /** An operation of CloudFormation. @returns the answer, XML. */
  stacks(operation: string, input: Readonly<Record<string, string>>): Promise<string>;
  /** A resource of Lambda's API. */
  lambda(path: string, method: string, input?: object): Promise<Readonly<Record<string, unknown>>>;
}

const credential = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=none`;

export function awsAt(endpoint: string): Aws {
  async function sendText(path: string, service: string, init: RequestInit): Promise<string> {
    const answer = await fetch(endpoint + path, {
      ...init,
      headers: { authorization: credential(service), ...(init.headers as Record<string, string>) },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${service} ${path} answers ${String(answer.status)}: ${text}`);
    return text;
  }
  async function send(path: string, service: string, init: RequestInit): Promise<Readonly<Record<string, unknown>>> {
    const text = await sendText(path, service, init);
    return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
  }
  const target = (service: string, prefix: string, version: string) => (operation: string, input: object) =>
    send('/', service, {
      method: 'POST',
      headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${prefix}.${operation}` },
      body: JSON.stringify(input),
    });
  return {
    endpoint,
    userPools: target('cognito-idp', 'AWSCognitoIdentityProviderService', '1.1'),
    queues: target('sqs', 'AmazonSQS', '1.0'),
    tables: target('dynamodb', 'DynamoDB_20120810', '1.0'),
    states: target('states', 'AWSStepFunctions', '1.0'),
    async putObject(path, body) {
      await sendText(`/${path}`, 's3', { method: 'PUT', ...(body === undefined ? {} : { body }) });
    },
    async objectKeys(bucket, prefix) {
      const listed = await sendText(`/${bucket}?list-type=2&prefix=${encodeURIComponent(prefix)}`, 's3', {});
      return [...listed.matchAll(/<Key>([^<]+)</g)].map(([, key = '']) => key);
    },
    async deleteObject(bucket, key) {
      await sendText(`/${bucket}/${key}`, 's3', { method: 'DELETE' });
    },
    stacks: (operation, input) =>
      sendText('/', 'cloudformation', {
        method: 'POST',
        body: new URLSearchParams({ Action: operation, Version: '2010-05-15', ...input }),
      }),
    gateway: (path) => send(path, 'apigateway', { method: 'GET' }),
    lambda: (path, method, input) =>
      send(path, 'lambda', { method, ...(input === undefined ? {} : { body: JSON.stringify(input) }) }),
  };
}
