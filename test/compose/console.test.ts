import { describe, expect, test } from '@jest/globals';
import {
  askedOrigins,
  type DeployedConsole,
  deployedDocument,
  deployedSettings,
} from '../../compose/console/deployed.js';
import { consolePolicy } from '../../compose/console/policy.js';

const deployed: DeployedConsole = {
  apis: [
    {
      version: 'stu3',
      rest: 'https://abc.execute-api.eu-central-1.amazonaws.com/v1/stu3',
      graphql: 'https://def.appsync-api.eu-central-1.amazonaws.com/graphql',
    },
  ],
  apiKey: 'ask',
  signIn: {
    authority: 'https://cognito-idp.eu-central-1.amazonaws.com/pool',
    clientId: 'client',
    scope: 'openid profile',
    logout: 'https://fhir.auth.eu-central-1.amazoncognito.com/logout',
  },
  asks: ['https://cognito-idp.eu-central-1.amazonaws.com/pool', 'https://files.s3.eu-central-1.amazonaws.com'],
};
const html = '<html><head><title>x</title></head><body><noscript><a href="./start">more</a></noscript></body></html>';

describe('what a deployment tells its console', () => {
  test('is where the APIs are, how they are signed in to, and whether a key is asked for', () => {
    expect(deployedSettings(deployed)).toEqual({
      apis: [{ ...deployed.apis[0], number: '3.0.2' }],
      apiKey: 'ask',
      signIn: deployed.signIn,
    });
    const { apiKey, ...keyless } = deployed;
    expect(apiKey).toBe('ask');
    expect(deployedSettings(keyless)).not.toHaveProperty('apiKey');
  });

  test('names every origin that is asked once, the real-time one of AppSync among them, and no other', () => {
    expect(askedOrigins(deployed)).toEqual([
      'https://abc.execute-api.eu-central-1.amazonaws.com',
      'https://def.appsync-api.eu-central-1.amazonaws.com',
      'wss://def.appsync-realtime-api.eu-central-1.amazonaws.com',
      'https://cognito-idp.eu-central-1.amazonaws.com',
      'https://files.s3.eu-central-1.amazonaws.com',
    ]);
  });

  test('stands in its document as the first thing of the head: whom it may ask', () => {
    const told = deployedDocument(html, deployed);
    const [, policy = ''] = /<head>\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(told) ?? [];
    expect(policy.split(' ')).toEqual(['connect-src', "'self'", ...askedOrigins(deployed)]);
    expect(told).not.toContain('./start');
    expect(() => deployedDocument('<p>none</p>', deployed)).toThrow('has no head');
  });
});

test('the policy of the console lets in no script but its own, and lets it ask itself and whom it is told', () => {
  const directives = consolePolicy(['https://api.example.org']).split('; ');
  expect(directives).toContain("script-src 'self'");
  expect(directives).toContain("default-src 'none'");
  expect(directives).toContain("connect-src 'self' https://api.example.org");
  expect(consolePolicy().split('; ')).toContain("connect-src 'self'");
});
