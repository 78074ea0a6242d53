import { expect, test } from '@jest/globals';
import { outputsOf } from './support/templates.js';

test('a deployment tells everything that clients and operators need, and no secret', () => {
  const perVersion = [
    'GraphQlApiId',
    'GraphQlUrl',
    'IndexAlias',
    'JobMachine',
    'RealtimeUrl',
    'RestUrl',
    'SweeperName',
    'TableName',
  ];
  const once = [
    'BodiesBucket',
    'ClientId',
    'ConsoleBucket',
    'ConsoleUrl',
    'Issuer',
    'Region',
    'RestApiKeyId',
    'RestApiUrl',
    'SearchEndpoint',
    'SignInUrl',
    'UserPoolId',
  ];
  const expected = [...once, ...perVersion.flatMap((name) => [`${name}R4`, `${name}Stu3`])];
  const found = Object.keys(outputsOf('dev')).filter((name) => !/^GatewayApiEndpoint/.test(name));
  expect(found.sort()).toEqual(expected.sort());
  expect(outputsOf('production')).toHaveProperty('MachineClientId');
});
