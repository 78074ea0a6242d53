import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utilFunctions } from '../../../local/appsync/util/functions.js';
import { runRequest, userPoolIdentity, valueOf } from './tiny-api.js';

const value = (expression: string): unknown => valueOf(`return ${expression};`);
type Check = (given: unknown) => boolean;
const isNow: Check = (milliseconds) => Math.abs(Number(milliseconds) - Date.now()) < 60_000;

/** Calls by function, with what AWS's pages say they give; a function stands for what cannot be told beforehand. */
const calls: readonly (readonly [string, string, unknown])[] = [
  ['escapeJavaScript', `util.escapeJavaScript('it\\'s "ü"/\\\\')`, 'it\\\'s \\"\\u00FC\\"\\/\\\\'],
  ['urlEncode', "util.urlEncode('a b&c=ü/*')", 'a+b%26c%3D%C3%BC%2F*'],
  ['urlDecode', "util.urlDecode('a+b%26c%3D%C3%BC')", 'a b&c=ü'],
  ['base64Encode', "util.base64Encode('hellö')", 'aGVsbMO2'],
  ['base64Decode', "util.base64Decode('aGVsbMO2')", 'hellö'],
  [
    'autoId',
    "util.matches('^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', util.autoId())",
    true,
  ],
  ['autoUlid', "util.matches('^[0-7][0-9A-HJKMNP-TV-Z]{25}$', util.autoUlid())", true],
  ['autoKsuid', "util.matches('^[0-9A-Za-z]{27}$', util.autoKsuid())", true],
  [
    'matches',
    "[util.matches('a*b', 'aaaaab'), util.matches('^a*b$', 'aaaaabc'), util.matches('(?i)ABC', 'xabcx'), util.matches('[0-9]{3}', '12')]",
    [true, false, true, false],
  ],
  ['authType', 'util.authType()', 'User Pool Authorization'],
  ['str.normalize', "util.str.normalize('e\\u0301', 'nfc')", 'é'],
  ['math.roundNum', '[util.math.roundNum(10.2), util.math.roundNum(10.5)]', [10, 11]],
  ['math.minVal', 'util.math.minVal(2, 1.5)', 1.5],
  ['math.maxVal', 'util.math.maxVal(2, 1.5)', 2],
  ['math.randomDouble', '[util.math.randomDouble()].map((n) => n >= 0 && n < 1)', [true]],
  ['math.randomWithinRange', '[util.math.randomWithinRange(3, 5)].map((n) => n === 3 || n === 4)', [true]],
  [
    'http.copyHeaders',
    "util.http.copyHeaders({ host: 'a', 'Content-Length': '1', te: 'b', accept: 'c' })",
    { accept: 'c' },
  ],
  ['time.nowISO8601', 'util.time.parseISO8601ToEpochMilliSeconds(util.time.nowISO8601())', isNow],
  ['time.nowEpochSeconds', 'util.time.nowEpochSeconds() * 1000', isNow],
  ['time.nowEpochMilliSeconds', 'util.time.nowEpochMilliSeconds()', isNow],
  [
    'time.nowFormatted',
    "util.time.parseFormattedToEpochMilliSeconds(util.time.nowFormatted('yyyy-MM-dd HH:mm:ssZ', 'Australia/Perth'), 'yyyy-MM-dd HH:mm:ssZ')",
    isNow,
  ],
  [
    'time.parseFormattedToEpochMilliSeconds',
    "util.time.parseFormattedToEpochMilliSeconds('2018-02-01 17:21:05+0800', 'yyyy-MM-dd HH:mm:ssZ')",
    1_517_476_865_000,
  ],
  [
    'time.parseISO8601ToEpochMilliSeconds',
    "util.time.parseISO8601ToEpochMilliSeconds('2018-02-01T17:21:05.180+08:00')",
    1_517_476_865_180,
  ],
  ['time.epochMilliSecondsToSeconds', 'util.time.epochMilliSecondsToSeconds(1517943695750)', 1_517_943_695],
  [
    'time.epochMilliSecondsToISO8601',
    'util.time.epochMilliSecondsToISO8601(1517943695750)',
    '2018-02-06T19:01:35.750Z',
  ],
  [
    'time.epochMilliSecondsToFormatted',
    "util.time.epochMilliSecondsToFormatted(1517943695750, 'yyyy-MM-dd HH:mm:ssZ', 'UTC')",
    '2018-02-06 19:01:35+0000',
  ],
  [
    'dynamodb.toDynamoDB',
    "util.dynamodb.toDynamoDB({ a: 'b', n: 1.5, t: true, x: null, l: ['c', 2], m: { d: 'e' } })",
    {
      M: {
        a: { S: 'b' },
        n: { N: 1.5 },
        t: { BOOL: true },
        x: { NULL: null },
        l: { L: [{ S: 'c' }, { N: 2 }] },
        m: { M: { d: { S: 'e' } } },
      },
    },
  ],
  ['dynamodb.toString', "[util.dynamodb.toString('a'), util.dynamodb.toString(null)]", [{ S: 'a' }, null]],
  ['dynamodb.toStringSet', "util.dynamodb.toStringSet(['a', 'b'])", { SS: ['a', 'b'] }],
  ['dynamodb.toNumber', 'util.dynamodb.toNumber(12.5)', { N: 12.5 }],
  ['dynamodb.toNumberSet', 'util.dynamodb.toNumberSet([1, 2])', { NS: [1, 2] }],
  ['dynamodb.toBinary', "util.dynamodb.toBinary('YQ==')", { B: 'YQ==' }],
  ['dynamodb.toBinarySet', "util.dynamodb.toBinarySet(['YQ=='])", { BS: ['YQ=='] }],
  ['dynamodb.toBoolean', 'util.dynamodb.toBoolean(false)', { BOOL: false }],
  ['dynamodb.toNull', 'util.dynamodb.toNull()', { NULL: null }],
  [
    'dynamodb.toList',
    "util.dynamodb.toList(['a', 1, { b: 'c' }])",
    { L: [{ S: 'a' }, { N: 1 }, { M: { b: { S: 'c' } } }] },
  ],
  ['dynamodb.toMap', "util.dynamodb.toMap({ a: 'b' })", { M: { a: { S: 'b' } } }],
  [
    'dynamodb.toMapValues',
    "util.dynamodb.toMapValues({ pk: 'a', n: 1, l: ['b'] })",
    { pk: { S: 'a' }, n: { N: 1 }, l: { L: [{ S: 'b' }] } },
  ],
  [
    'dynamodb.toS3Object',
    "[util.dynamodb.toS3Object('foo', 'bar', 'baz'), util.dynamodb.toS3Object('foo', 'bar', 'baz', 'v1')].map((one) => JSON.parse(one.S))",
    [
      { s3: { key: 'foo', bucket: 'bar', region: 'baz' } },
      { s3: { key: 'foo', bucket: 'bar', region: 'baz', version: 'v1' } },
    ],
  ],
  [
    'dynamodb.fromS3ObjectJson',
    "util.dynamodb.fromS3ObjectJson(util.dynamodb.toS3Object('foo', 'bar', 'baz', 'v1').S)",
    { key: 'foo', bucket: 'bar', region: 'baz', version: 'v1' },
  ],
  [
    'xml.toMap',
    'util.xml.toMap(\'<posts><post n="1"><id>1</id><title>A &amp; B</title><ok>true</ok></post><post/></posts>\')',
    { posts: { post: [{ n: 1, id: 1, title: 'A & B', ok: true }, ''] } },
  ],
  [
    'xml.toJsonString',
    "[util.xml.toJsonString('<a>007</a>'), util.xml.toJsonString('<a>7</a>', true)]",
    ['{"a":"007"}', JSON.stringify('{"a":7}')],
  ],
  [
    'transform.toDynamoDBFilterExpression',
    "JSON.parse(util.transform.toDynamoDBFilterExpression({ title: { contains: 'Hello World' } }))",
    {
      expression: 'contains(#title, :title_contains)',
      expressionNames: { '#title': 'title' },
      expressionValues: { ':title_contains': { S: 'Hello World' } },
    },
  ],
  [
    'transform.toDynamoDBConditionExpression',
    'JSON.parse(util.transform.toDynamoDBConditionExpression({ tags: { size: { ge: 2 } }, id: { attributeExists: false } })).expression',
    '(size(#tags) >= :tags_size_ge) AND (attribute_not_exists(#id))',
  ],
  [
    'transform.toElasticsearchQueryDSL',
    "JSON.parse(util.transform.toElasticsearchQueryDSL({ upvotes: { ne: 15, range: [10, 20] }, title: { eq: 'hihihi', wildcard: 'h*i' } }))",
    {
      bool: {
        must: [
          {
            bool: {
              must: [{ bool: { must_not: { term: { upvotes: 15 } } } }, { range: { upvotes: { gte: 10, lte: 20 } } }],
            },
          },
          { bool: { must: [{ term: { title: 'hihihi' } }, { wildcard: { title: 'h*i' } }] } },
        ],
      },
    },
  ],
  [
    'transform.toSubscriptionFilter',
    "util.transform.toSubscriptionFilter({ a: { eq: 1 }, mine: { eq: 'x' }, or: [{ b: { in: [1, 2] } }, { c: { beginsWith: 'q' } }] }, ['mine'], { d: { ne: 0 } })",
    {
      filterGroup: [
        [{ fieldName: 'b', operator: 'in', value: [1, 2] }],
        [{ fieldName: 'c', operator: 'beginsWith', value: 'q' }],
      ].map((own) => ({
        filters: [{ fieldName: 'a', operator: 'eq', value: 1 }, ...own, { fieldName: 'd', operator: 'ne', value: 0 }],
      })),
    },
  ],
  ['http.addResponseHeader', "[util.http.addResponseHeader('Items-Count', 7)].map(() => 'goes on')", ['goes on']],
  ['http.addResponseHeaders', "[util.http.addResponseHeaders({ a: 'b' })].map(() => 'goes on')", ['goes on']],
];

describe('util', () => {
  test.each(calls)('%s', (_, expression, expected) => {
    if (typeof expected === 'function') expect((expected as Check)(value(expression))).toBe(true);
    else expect(value(expression)).toEqual(expected);
  });

  test('has no function that is not tried here', () => {
    expect(new Set(calls.map(([name]) => name))).toEqual(new Set(Object.keys(utilFunctions)));
  });

  test('fails clearly where it has no such function', () => {
    expect(runRequest("return util.rds.toJsonObject('');").ending).toMatchObject({
      kind: 'failure',
      message: expect.stringContaining('Cannot read properties of undefined'),
    });
    expect(runRequest('return util.nothingOfTheKind();').ending).toMatchObject({
      message: expect.stringContaining('util.nothingOfTheKind is not a function'),
    });
  });

  test('encodes and decodes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const literal = JSON.stringify(text);
        expect(value(`util.base64Decode(util.base64Encode(${literal}))`)).toBe(text);
        expect(value(`util.urlDecode(util.urlEncode(${literal}))`)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  test('gives a new id at every call, ULIDs and KSUIDs in the order of time', async () => {
    const ids = value(
      '[util.autoId(), util.autoId(), util.autoUlid(), util.autoUlid(), util.autoKsuid(), util.autoKsuid()]',
    ) as string[];
    expect(new Set(ids).size).toBe(6);
    const before = value('util.autoUlid()') as string;
    await new Promise((done) => setTimeout(done, 5));
    expect((value('util.autoUlid()') as string) > before).toBe(true);
  });

  test.each([
    ['a user pool', userPoolIdentity, 'User Pool Authorization'],
    ['IAM', { accountId: '1', userArn: 'arn:aws:iam::1:user/x' }, 'IAM Authorization'],
    ['OpenID Connect', { sub: 'a', issuer: 'b', claims: {} }, 'Open ID Connect Authorization'],
    ['a Lambda authorizer', { resolverContext: {} }, 'Lambda Authorization'],
    ['an API key', null, 'API Key Authorization'],
  ])('authType names %s', (_, identity, type) => {
    expect(runRequest('return util.authType();', {}, { identity }).ending).toEqual({
      kind: 'value',
      value: JSON.stringify(type),
    });
  });

  test.each(['a++', '\\\\Qa\\\\E', '(?>a)', '(', 'a\\\\Z'])(
    'refuses the pattern %s, which means something else to Java or nothing',
    (pattern) => {
      expect(runRequest(`return util.matches('${pattern}', 'a');`).ending.kind).toBe('failure');
    },
  );
});

describe('the control of the flow', () => {
  test('util.error ends the handler with message, type, data and info', () => {
    expect(runRequest("util.error('m', 'T', { a: 1 }, { b: 2 }); return 1;").ending).toEqual({
      kind: 'error',
      error: { message: 'm', errorType: 'T', data: { a: 1 }, errorInfo: { b: 2 } },
    });
    expect(runRequest("util.error('m');").ending).toEqual({
      kind: 'error',
      error: { message: 'm', errorType: null, data: null, errorInfo: null },
    });
  });

  test('util.error is not caught on its way through callbacks', () => {
    expect(runRequest("[1, 2].map((n) => util.error('at ' + n)); return 1;").ending).toMatchObject({
      kind: 'error',
      error: { message: 'at 1' },
    });
  });

  test('util.appendError goes on, and all that was appended is told', () => {
    const run = runRequest("util.appendError('a', 'A'); util.appendError('b', 'B', { c: 1 }); return 7;");
    expect(run.ending).toEqual({ kind: 'value', value: '7' });
    expect(run.appended).toEqual([
      { message: 'a', errorType: 'A', data: null, errorInfo: null },
      { message: 'b', errorType: 'B', data: { c: 1 }, errorInfo: null },
    ]);
  });

  test('util.unauthorized ends the handler', () => {
    expect(runRequest('util.unauthorized(); return 1;').ending).toEqual({ kind: 'unauthorized' });
  });

  test.each([
    ['runtime.earlyReturn({ a: 1 });', '{"a":1}', 'NEXT'],
    ['runtime.earlyReturn();', undefined, 'NEXT'],
    ["runtime.earlyReturn([1], { skipTo: 'END' });", '[1]', 'END'],
    ["runtime.earlyReturn(null, { skipTo: 'NEXT' });", 'null', 'NEXT'],
  ])('%s ends the handler with its value', (body, given, skipTo) => {
    expect(runRequest(`${body} return 'not this';`).ending).toEqual({ kind: 'earlyReturn', value: given, skipTo });
  });
});
