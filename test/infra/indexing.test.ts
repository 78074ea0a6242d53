import { describe, expect, test } from '@jest/globals';
import { at, type Deployed, listAt, resourcesOf } from './support/templates.js';

const mappings = resourcesOf('dev', 'AWS::Lambda::EventSourceMapping').filter(({ stack }) => stack.endsWith('R4'));
const named = (part: string): Deployed['Properties'] => {
  const [found, ...others] = mappings.filter(({ id }) => id.startsWith(part));
  if (found === undefined || others.length > 0) throw new Error(`There must be one mapping ${part}`);
  return found.Properties;
};

describe('the index follows the table', () => {
  test('from the first record of the stream on; batches that fail are halved, and wait almost a day', () => {
    expect(named('IndexerStream')).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRecordAgeInSeconds: 82_800,
    });
    expect(named('IndexerStream')).not.toHaveProperty('MaximumRetryAttempts');
    expect(at(named('IndexerStream'), 'DestinationConfig', 'OnFailure', 'Destination')).toBeDefined();
  });

  test('poison waits in a queue that the same function takes when somebody says so', () => {
    const redrive = named('IndexerRedrive');
    expect(redrive).toMatchObject({ Enabled: false, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    expect(redrive['FunctionName']).toEqual(named('IndexerStream')['FunctionName']);
    const [indexer] = resourcesOf('dev', 'AWS::Lambda::Function').filter(
      ({ id, stack }) => id.startsWith('IndexerFunction') && stack.endsWith('R4'),
    );
    const queue = at(indexer, 'Properties', 'Environment', 'Variables', 'DEAD_LETTER_QUEUE_URL', 'Ref');
    expect(at(redrive, 'EventSourceArn', 'Fn::GetAtt', 0)).toBe(queue);
  });

  test('subscribers are told of current versions and of jobs, by a reader of their own', () => {
    expect(named('PublisherStream')).toMatchObject({ StartingPosition: 'LATEST', BisectBatchOnFunctionError: true });
    const filters = listAt(named('PublisherStream'), 'FilterCriteria', 'Filters');
    expect(filters.map(({ Pattern }) => JSON.parse(String(Pattern)) as object)).toEqual([
      { dynamodb: { Keys: { sk: { S: ['current'] } } } },
      { dynamodb: { Keys: { pk: { S: [{ suffix: '#jobs' }] } } } },
      { dynamodb: { Keys: { sk: { S: [{ prefix: 'segment-' }] } } } },
    ]);
  });

  test('what is left undone is swept each minute', () => {
    const rules = resourcesOf('dev', 'AWS::Events::Rule').filter(({ stack }) => stack.includes('-Indexing-'));
    expect(rules.map(({ Properties }) => Properties['ScheduleExpression'])).toEqual([
      'rate(1 minute)',
      'rate(1 minute)',
    ]);
  });

  test('every queue is encrypted and keeps what it holds for fourteen days', () => {
    const queues = resourcesOf('dev', 'AWS::SQS::Queue');
    expect(queues).toHaveLength(6);
    for (const { Properties } of queues) {
      expect(Properties['MessageRetentionPeriod']).toBe(1_209_600);
      expect(Properties['KmsMasterKeyId']).toBeDefined();
    }
  });
});

describe('alarms', () => {
  const alarms = resourcesOf('production', 'AWS::CloudWatch::Alarm');
  const about = (text: string): readonly Deployed[] =>
    alarms.filter(({ Properties }) => String(Properties['AlarmDescription']).includes(text));

  test('ring when records wait for half of the day that the stream keeps them', () => {
    expect(about('Stream Stu3 waits')[0]?.Properties).toMatchObject({
      MetricName: 'IteratorAge',
      Threshold: 43_200_000,
    });
  });

  test('ring for every queue, function and API, for the index and its domain', () => {
    expect(about('holds messages')).toHaveLength(4);
    expect(about('function fails')).toHaveLength(7);
    expect(about('function is throttled')).toHaveLength(7);
    expect(about('are given up')[0]?.Properties).toMatchObject({ Namespace: 'AWS/States', Threshold: 1 });
    expect(about('answers 5xx')).toHaveLength(2);
    expect(about('REST is slow')).toHaveLength(1);
    expect(about('is behind')[0]?.Properties).toMatchObject({ Namespace: 'FhirOnAppSync', MetricName: 'IndexLag' });
    expect(about('Search domain')).toHaveLength(5);
  });

  test('are told to the topic that the address of the settings is subscribed to', () => {
    const [topic] = resourcesOf('production', 'AWS::SNS::Topic');
    for (const { Properties } of alarms) expect(listAt(Properties, 'AlarmActions')).toEqual([{ Ref: topic?.id }]);
    expect(resourcesOf('production', 'AWS::SNS::Subscription')[0]?.Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.org',
    });
    expect(resourcesOf('dev', 'AWS::SNS::Subscription')).toEqual([]);
  });

  test('stand on one dashboard', () => {
    expect(resourcesOf('production', 'AWS::CloudWatch::Dashboard')).toHaveLength(1);
  });
});

describe('the firewall', () => {
  test('stands before every API where the stage says so', () => {
    expect(resourcesOf('production', 'AWS::WAFv2::WebACLAssociation')).toHaveLength(2);
    expect(resourcesOf('dev', 'AWS::WAFv2::WebACL')).toEqual([]);
  });

  test('lets large bundles, XHTML narratives and URLs in searches through, and takes no samples of requests', () => {
    const text = JSON.stringify(resourcesOf('production', 'AWS::WAFv2::WebACL')[0]?.Properties);
    for (const rule of ['SizeRestrictions_BODY', 'CrossSiteScripting_BODY', 'GenericRFI_QUERYARGUMENTS']) {
      expect(text).toContain(`{"ActionToUse":{"Count":{}},"Name":"${rule}"}`);
    }
    expect(text).not.toContain('"SampledRequestsEnabled":true');
  });
});
