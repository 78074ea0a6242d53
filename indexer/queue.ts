import { createHash } from 'node:crypto';
import { ChangeMessageVisibilityCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';

/** A message for a queue. */
export interface Message {
  readonly body: string;
  /** Of a queue in order: messages of one group come one after the other, and one for the same reason comes once in five minutes. */
  readonly order?: { readonly group: string; readonly why: string };
}

/** Queues of SQS. */
export interface Queues {
  /** Sends messages, in their order. @throws when the queue does not take all of them. */
  send(url: string, messages: readonly Message[]): Promise<void>;
  /** Has a message that was received come again after so many seconds, of twelve hours at most. */
  again(url: string, receipt: string, seconds: number): Promise<void>;
}

/** The most messages of one SendMessageBatch. */
const mostMessages = 10;
const mostSeconds = 12 * 3600;

/** SQS takes no spaces, and 128 characters at most: a tenant, a type and an id may have more together. */
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Opens SQS. @param place an emulator, where it takes the place of AWS; what is undefined the SDK takes from its surroundings. */
export function openQueues({
  endpoint,
  region,
}: {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
}): Queues {
  const sqs = new SQSClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
  return {
    async send(url, messages) {
      for (let from = 0; from < messages.length; from += mostMessages) {
        const Entries = messages.slice(from, from + mostMessages).map(({ body, order }, at) => ({
          Id: String(at),
          MessageBody: body,
          ...(order === undefined
            ? {}
            : {
                MessageGroupId: digest(order.group),
                MessageDeduplicationId: digest(`${order.group} ${order.why}`),
              }),
        }));
        const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
        if (Failed.length > 0) throw new Error('A queue does not take messages');
      }
    },
    async again(url, receipt, seconds) {
      const VisibilityTimeout = Math.min(mostSeconds, Math.max(0, Math.ceil(seconds)));
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: receipt, VisibilityTimeout }));
    },
  };
}
