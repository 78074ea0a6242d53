import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { openQueues } from '../../indexer/queue.js';
import { ownName } from '../../persistence/keys.js';
import { tenant } from '../support/tenant.js';

// What is sent to SQS, as SQS is asked.

interface Sent {
  readonly Entries: readonly { readonly MessageGroupId: string; readonly MessageDeduplicationId: string }[];
}
const sent: Sent[] = [];
const sqs = createServer((request, response) => {
  void text(request).then((body) => {
    sent.push(JSON.parse(body) as Sent);
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify({ Successful: [], Failed: [] }));
  });
});
let endpoint: string;
const before = { ...process.env };
beforeAll(async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  await new Promise<void>((resolve) => sqs.listen(0, '127.0.0.1', resolve));
  const address = sqs.address();
  endpoint = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`;
});
afterAll(async () => {
  process.env = before;
  sqs.closeAllConnections();
  await new Promise((resolve) => sqs.close(resolve));
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatchRequestEntry.html */
const taken = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

test('messages of one group stay in it, whatever the length of names and ids', async () => {
  const of = (id: string, why: string) => {
    const group = ownName(tenant('t'.repeat(64)), `MedicinalProductUndesirableEffect/${id}`);
    return { body: '{}', order: { group, why } };
  };
  const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];
  const queues = openQueues({ endpoint, region: 'eu-west-1' });
  await queues.send(`${endpoint}/1/queue.fifo`, [of(one, 'version 1'), of(one, 'version 2'), of(other, 'version 1')]);
  const entries = sent.flatMap(({ Entries }) => Entries);
  for (const { MessageGroupId, MessageDeduplicationId } of entries) {
    expect(MessageGroupId).toMatch(taken);
    expect(MessageDeduplicationId).toMatch(taken);
  }
  const groups = entries.map(({ MessageGroupId }) => MessageGroupId);
  expect([groups[0] === groups[1], groups[0] === groups[2]]).toEqual([true, false]);
  expect(new Set(entries.map((each) => each.MessageDeduplicationId)).size).toBe(3);
});
