import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SQSEvent } from 'aws-lambda';

/** A queue that speaks as much of SQS as is asked of it. */
export interface DeadLetterQueue {
  readonly url: string;
  readonly endpoint: string;
  /** The bodies of what was sent and not taken yet. */
  readonly letters: string[];
  /** Whether the next request is refused. */
  isOut: () => boolean;
  close(): Promise<void>;
}

export async function startDeadLetterQueue(): Promise<DeadLetterQueue> {
  const letters: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      if (queue.isOut()) {
        response.writeHead(503).end('{"__type":"com.amazonaws.sqs#ServiceUnavailable"}');
        return;
      }
      const { Entries } = JSON.parse(body) as { Entries: readonly { Id: string; MessageBody: string }[] };
      letters.push(...Entries.map(({ MessageBody }) => MessageBody));
      const Successful = Entries.map(({ Id }) => ({ Id, MessageId: Id, MD5OfMessageBody: '' }));
      response.end(JSON.stringify({ Successful, Failed: [] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const queue: DeadLetterQueue = {
    url: `${endpoint}/000000000000/dead-letters`,
    endpoint,
    letters,
    isOut: () => false,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return queue;
}

/** Letters as Lambda hands them to the function when they are moved back. */
export const asEvent = (letters: readonly string[]): SQSEvent => ({
  Records: letters.map((body, at) => ({
    messageId: String(at),
    body,
    eventSource: 'aws:sqs',
    receiptHandle: '',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSourceARN: '',
    awsRegion: 'us-east-1',
  })),
});
