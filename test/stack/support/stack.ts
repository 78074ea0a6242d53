import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Aws, awsAt } from './aws.js';
import { type AskedStage, type DeployedStage, deployStage, importBucket } from './deploy.js';
import { type GraphqlPlace, openGraphqlPlace, serveDeployedApi } from './graphql.js';
import { makeUser, signIn, type StackUser } from './sign-in.js';
import { connectRealtime, type RealtimeClient } from '../../support/realtime-client.js';
import { type Receiver, startReceiver } from '../../support/receiver.js';
import type { AnswerJson } from '../../support/server.js';

/** What came back from API Gateway. */
export interface StackAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: AnswerJson;
}

/** A request to the deployed REST API. */
export interface StackRequest {
  /** A user; nobody when null. */
  readonly as?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Whether the API key is left out. */
  readonly keyless?: boolean;
}

/** The whole app, deployed to MiniStack over a real OpenSearch, with signed-in users. */
export interface Stack {
  readonly aws: Aws;
  readonly stage: DeployedStage;
  readonly graphql: GraphqlPlace;
  /** An endpoint that Subscriptions may notify. */
  readonly receiver: Receiver;
  /** `target` is the path below the version's base, a path from `/tenant` on, or a URL a link gave. */
  send(method: string, target: string, request?: StackRequest): Promise<StackAnswer>;
  /** Sends a query to the API of the templates. */
  query(query: string, variables?: object, as?: string): Promise<{ data: Record<string, unknown>; errors?: unknown }>;
  /** Connects to the API's real-time endpoint. */
  subscriber(as?: string): Promise<RealtimeClient>;
  /** Writes an item of text past the server. */
  putItem(item: Readonly<Record<string, string>>): Promise<void>;
  /** Puts a file where imports may read. @returns its URL. */
  putImport(name: string, body: string): Promise<string>;
  /** What works, or has worked, on jobs. */
  executions(): Promise<readonly object[]>;
  /** The template of a stack, as it was deployed. */
  templateOf(name: string): Promise<unknown>;
  /** Updates a stack, as CloudFormation does. */
  updateStack(name: string, template: object): Promise<void>;
  /** What CloudFormation says of a stack. */
  describeStack(name: string): Promise<{ readonly StackStatus: string }>;
  /** How a function of a stack is configured. @param id of it in the template. */
  functionOf(name: string, id: string): Promise<object>;
  /** What is in the dead-letter queue of the indexer, as texts. */
  deadLetters(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A stage of one FHIR version, and who may sign in there by name. */
export interface AskedStack extends AskedStage {
  readonly version: 'r4' | 'stu3';
  readonly users: Readonly<Record<string, StackUser>>;
}

/** The stage dev, with a user in each group, of its name. */
const standard: AskedStack = {
  stage: 'dev',
  version: 'r4',
  settings: {},
  users: Object.fromEntries(
    ['practitioner', 'non-practitioner', 'auditor', 'operator'].map((group) => [group, { group }]),
  ),
};

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run this by "npm run test:stack"`);
  return value;
};

/** Deploys, makes users and signs them in. */
export async function openStack(asked: AskedStack = standard): Promise<Stack> {
  const aws = awsAt(required('MINISTACK_ENDPOINT'));
  const [graphql, receiver] = await Promise.all([openGraphqlPlace(), startReceiver()]);
  try {
    return await openBeside(aws, asked, graphql, receiver);
  } catch (error) {
    await Promise.all([graphql.close(), receiver.close()]);
    throw error;
  }
}

async function openBeside(
  aws: Aws,
  { version, users, ...asked }: AskedStack,
  graphql: GraphqlPlace,
  receiver: Receiver,
): Promise<Stack> {
  const settings = { fhirVersions: [version], ...asked.settings };
  const stage = await deployStage(
    aws.endpoint,
    { stage: asked.stage, settings },
    { openSearch: required('OPENSEARCH_ENDPOINT'), appSync: graphql.url, hooks: receiver.url },
  );
  const { outputs } = stage;
  for (const [name, value] of Object.entries(outputs)) {
    if (!name.startsWith('ExportsOutput')) tell(`deployed ${name} = ${value}`);
  }
  const stop = await serveDeployedApi(graphql, aws, stage);
  const tokens = new Map<string, string>();
  for (const [name, user] of Object.entries(users)) {
    await makeUser(aws, outputs, name, user);
    tokens.set(name, await signIn(aws, outputs, name));
  }
  const key = String((await aws.gateway(`/apikeys/${outputs['RestApiKeyId'] ?? ''}?includeValue=true`))['value']);
  const told = outputs['RestApiUrl'] ?? '';
  // MiniStack serves an API's host below a path of its own.
  const served = `${aws.endpoint}/restapis/${new URL(told).hostname.split('.')[0] ?? ''}/v1/_user_request_`;

  return {
    aws,
    stage,
    graphql,
    receiver,
    async send(method, target, { as = 'practitioner', headers = {}, body, keyless = false } = {}) {
      const below = target.startsWith('/tenant/') ? target : `/${version}${target}`;
      const url = target.startsWith('http') ? target.replace(/^https?:\/\/[^/]+\/v1/, served) : served + below;
      const token = as === null ? undefined : tokens.get(as);
      const answer = await fetch(url, {
        method,
        headers: {
          ...(keyless ? {} : { 'x-api-key': key }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      tell(`${method} ${target.replace(/\?.*/, '?…')} ${String(answer.status)}`);
      return {
        status: answer.status,
        headers: answer.headers,
        json: (text === '' ? {} : JSON.parse(text)) as AnswerJson,
      };
    },
    async query(query, variables = {}, as = 'practitioner') {
      const answer = await fetch(graphql.url, {
        method: 'POST',
        headers: { authorization: tokens.get(as) ?? '', 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return (await answer.json()) as { data: Record<string, unknown>; errors?: unknown };
    },
    subscriber: (as = 'practitioner') =>
      connectRealtime(`${graphql.url.replace(/^http/, 'ws')}/realtime`, { token: tokens.get(as) ?? '' }),
    async putItem(item) {
      const values = Object.entries(item).map(([name, text]) => [name, { S: text }]);
      const Item = Object.fromEntries(values) as Record<string, object>;
      await aws.tables('PutItem', { TableName: outputs['TableNameR4'], Item });
    },
    async putImport(name, body) {
      await aws.putObject(importBucket);
      await aws.putObject(`${importBucket}/files/${name}`, body);
      return `s3://${importBucket}/files/${name}`;
    },
    async executions() {
      const stateMachineArn = outputs['JobMachineR4'];
      return (await aws.states('ListExecutions', { stateMachineArn }))['executions'] as readonly object[];
    },
    async templateOf(name) {
      return JSON.parse(await readFile(join(stage.templates, `${name}.template.json`), 'utf8')) as unknown;
    },
    async updateStack(name, template) {
      const Capabilities = { 'Capabilities.member.1': 'CAPABILITY_NAMED_IAM' };
      await aws.stacks('UpdateStack', { StackName: name, TemplateBody: JSON.stringify(template), ...Capabilities });
    },
    async describeStack(name) {
      const answer = await aws.stacks('DescribeStacks', { StackName: name });
      return { StackStatus: /<StackStatus>(\w+)</.exec(answer)?.[1] ?? '' };
    },
    async functionOf(name, id) {
      const answer = await aws.stacks('DescribeStackResource', { StackName: name, LogicalResourceId: id });
      const physical = /<PhysicalResourceId>([^<]+)</.exec(answer)?.[1] ?? '';
      const { Description, Environment, MemorySize, CodeSha256 } = await aws.lambda(
        `/2015-03-31/functions/${physical}/configuration`,
        'GET',
      );
      return { Description, Environment, MemorySize, CodeSha256 };
    },
    async deadLetters() {
      const [, QueueName] = Object.entries(outputs).find(([name]) => /IndexerPoison.*QueueName/.test(name)) ?? [];
      const { QueueUrl } = await aws.queues('GetQueueUrl', { QueueName });
      const { Messages: letters } = await aws.queues('ReceiveMessage', { QueueUrl, VisibilityTimeout: 0 });
      return ((letters ?? []) as readonly { readonly Body: string }[]).map(({ Body }) => Body);
    },
    async close() {
      stop();
      await Promise.all([graphql.close(), receiver.close()]);
      await stage.remove();
    },
  };
}

/**
 * Asks until an answer is as it is to be: what a stream brings comes later.
 * @throws Error when it is not after a minute.
 */
export async function eventually<Answer>(ask: () => Promise<Answer>, is: (answer: Answer) => boolean): Promise<Answer> {
  for (const end = Date.now() + 60_000; ;) {
    const answer = await ask();
    if (is(answer)) return answer;
    if (Date.now() > end) throw new Error(`It is not so: ${JSON.stringify([answer]).slice(0, 1_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
