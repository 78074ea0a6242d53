import { randomUUID } from 'node:crypto';
import { RequestError, requestMembers } from '../data-source.js';
import type { DataSource } from '../data-source.js';

/** An event as a rule's target would get it. */
export interface PutEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly resources: readonly string[];
  readonly time: string;
}

/** The most events of one request. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
const maxEvents = 10;

function eventOf(given: unknown, place: string): PutEvent {
  const { source, detail, detailType, resources, time } = requestMembers(given);
  const isDetail = typeof detail === 'object' && detail !== null && !Array.isArray(detail);
  if (typeof source !== 'string' || typeof detailType !== 'string' || !isDetail) {
    throw new RequestError(`'$[${place}]' must have source, detailType and detail.`);
  }
  const isTime = time === undefined || time === null || (typeof time === 'string' && !Number.isNaN(Date.parse(time)));
  if (!isTime) throw new RequestError(`Value for field '$[${place}.time]' is no timestamp.`);
  return {
    id: randomUUID(),
    source,
    'detail-type': detailType,
    detail: detail as Readonly<Record<string, unknown>>,
    resources: Array.isArray(resources) ? resources.map(String) : [],
    time: typeof time === 'string' ? time : new Date().toISOString(),
  };
}

/**
 * An EventBridge data source.
 * @param put takes each event; there are no rules and targets here.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-eventbridge-js.html
 */
export function eventBridgeDataSource(put: (event: PutEvent) => void): DataSource {
  return {
    kind: 'AMAZON_EVENTBRIDGE',
    invoke: (call) =>
      Promise.resolve().then(() => {
        const { operation, events } = requestMembers(call.request);
        if (operation !== 'PutEvents')
          throw new RequestError(`Unsupported operation '${String(operation)}': EventBridge has PutEvents.`);
        if (!Array.isArray(events) || events.length === 0 || events.length > maxEvents) {
          throw new RequestError(`'$[events]' must be a list of 1 to ${String(maxEvents)} events.`);
        }
        const made = events.map((event, at) => eventOf(event, `events[${String(at)}]`));
        made.forEach(put);
        return { Entries: made.map(({ id }) => ({ EventId: id })), FailedEntryCount: 0 };
      }),
  };
}
