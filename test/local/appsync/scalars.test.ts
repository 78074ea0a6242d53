import { describe, expect, test } from '@jest/globals';
import { awsScalars } from '../../../local/appsync/appsync-scalars.js';
import { giving, tinyApi, unit } from './tiny-api.js';

/** What AWS's page of scalars takes and what it does not. */
const values: Readonly<Record<string, readonly [readonly unknown[], readonly unknown[]]>> = {
  AWSJSON: [
    ['{"a":1}', '"x"', '5'],
    ['{a:1}', 5],
  ],
  AWSDate: [
    ['1970-01-01', '1970-01-01Z', '1970-01-01-07:00', '1970-01-01+05:30', '2024-02-29'],
    ['1970', '1970-13-01', '2023-02-29', '70-01-01', 5],
  ],
  AWSTime: [
    ['12:30', '12:30Z', '12:30:24-07:00', '12:30:24.500+05:30'],
    ['24:00', '12', '12:60', 5],
  ],
  AWSDateTime: [
    ['1970-01-01T12:00Z', '1970-01-01T12:00:00.123456789+05:30:15'],
    ['1970-01-01', '1970-01-01T12:00', '1970-02-30T12:00Z'],
  ],
  AWSTimestamp: [
    [0, -5, 1_700_000_000],
    ['0', 1.5],
  ],
  AWSEmail: [['user@example.com'], ['user', 'a@b', 'a b@c.de']],
  AWSURL: [
    ['https://example.com/x?y', 'mailto:a@example.com'],
    ['example.com', 'https://'],
  ],
  AWSPhone: [
    ['+1 555-0100', '5550100'],
    ['phone', ''],
  ],
  AWSIPAddress: [
    ['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'],
    ['300.0.0.1', '10.0.0.0/40', 'localhost'],
  ],
};

describe('the scalars of AppSync', () => {
  test('are all tried here', () => {
    expect(Object.keys(values).sort()).toEqual(Object.keys(awsScalars).sort());
  });

  test.each(Object.entries(values))(
    '%s takes what AWS says, as argument, variable and result',
    async (type, [good, bad]) => {
      const { ask } = tinyApi({
        schema: `type Query { same(value: ${type}): ${type}  given(value: AWSJSON): ${type} }`,
        resolvers: [unit('Query.same'), unit('Query.given')],
        code: { 'Query.same': giving('ctx.args.value'), 'Query.given': giving('JSON.parse(ctx.args.value)') },
      });
      for (const value of good) {
        expect((await ask(`{ same(value: ${JSON.stringify(value)}) }`)).answer).toEqual({ data: { same: value } });
        const byVariable = await ask(`query ($v: ${type}) { same(value: $v) }`, { variables: { v: value } });
        expect(byVariable.answer).toEqual({ data: { same: value } });
      }
      for (const value of bad) {
        const byVariable = await ask(`query ($v: ${type}) { same(value: $v) }`, { variables: { v: value } });
        expect(byVariable.errors).toMatchObject([{ message: expect.stringContaining('got invalid value') }]);
        expect((await ask(`{ same(value: ${JSON.stringify(value)}) }`)).errors).toMatchObject([
          { message: expect.stringContaining('WrongType') },
        ]);
        if (type === 'AWSJSON') continue; // any value becomes its JSON
        const given = await ask('query ($v: AWSJSON) { given(value: $v) }', {
          variables: { v: JSON.stringify(value) },
        });
        expect(given.errors).toMatchObject([
          { path: ['given'], message: expect.stringContaining(`as a valid ${type}.`) },
        ]);
      }
    },
  );
});
