import { describe, expect, test } from '@jest/globals';
import { roleRules } from '../../auth/rules.js';
import { at, type Deployed, resourcesOf } from './support/templates.js';

const clients = (stage: 'dev' | 'production'): readonly Deployed[] =>
  resourcesOf(stage, 'AWS::Cognito::UserPoolClient');

describe('users', () => {
  test('have the groups that there are role rules for', () => {
    const groups = resourcesOf('dev', 'AWS::Cognito::UserPoolGroup').map(({ Properties }) => Properties['GroupName']);
    expect(groups.sort()).toEqual([...new Set(roleRules.map(({ group }) => group))].sort());
  });

  test('are made by administrators, with a second factor in production', () => {
    const [dev] = resourcesOf('dev', 'AWS::Cognito::UserPool');
    const [production] = resourcesOf('production', 'AWS::Cognito::UserPool');
    expect(at(dev, 'Properties', 'AdminCreateUserConfig', 'AllowAdminCreateUserOnly')).toBe(true);
    expect(at(production, 'Properties', 'MfaConfiguration')).toBe('ON');
    expect(at(production, 'Properties', 'DeletionProtection')).toBe('ACTIVE');
  });

  test('have who they are in the records put into access tokens', () => {
    const [pool] = resourcesOf('dev', 'AWS::Cognito::UserPool');
    expect(at(pool, 'Properties', 'LambdaConfig', 'PreTokenGenerationConfig', 'LambdaVersion')).toBe('V2_0');
  });
});

test('users are of a tenant where tenants share the stage', () => {
  const attributes = (stage: 'dev' | 'production'): string =>
    JSON.stringify(at(resourcesOf(stage, 'AWS::Cognito::UserPool')[0], 'Properties', 'Schema'));
  expect([attributes('dev').includes('tenantId'), attributes('production').includes('tenantId')]).toEqual([
    false,
    true,
  ]);
  for (const { Properties } of clients('production'))
    expect(JSON.stringify(Properties['WriteAttributes'] ?? [])).not.toContain('custom:');
});

describe('the client of people', () => {
  const [people] = clients('dev');

  test('has no secret and gets tokens by authorization code alone', () => {
    expect(clients('dev')).toHaveLength(1);
    expect(people?.Properties).toMatchObject({
      GenerateSecret: false,
      AllowedOAuthFlows: ['code'],
      AllowedOAuthScopes: ['openid', 'profile', 'aws.cognito.signin.user.admin'],
      PreventUserExistenceErrors: 'ENABLED',
      EnableTokenRevocation: true,
    });
    expect(at(people, 'Properties', 'ExplicitAuthFlows')).not.toContain('ALLOW_USER_PASSWORD_AUTH');
  });

  test('does not let users say who they are in the records', () => {
    const writable = at(people, 'Properties', 'WriteAttributes') as string[];
    expect(writable.length).toBeGreaterThan(0);
    expect(writable.filter((name) => name.startsWith('custom:'))).toEqual([]);
  });
});

test('with SMART authorization there are resource servers, and a client for machines with scopes of system/', () => {
  const servers = resourcesOf('production', 'AWS::Cognito::UserPoolResourceServer');
  expect(servers.map(({ Properties }) => Properties['Identifier']).sort()).toEqual([
    'launch',
    'patient',
    'system',
    'user',
  ]);
  expect(resourcesOf('dev', 'AWS::Cognito::UserPoolResourceServer')).toEqual([]);
  const machines = clients('production').find(({ Properties }) => Properties['GenerateSecret'] === true);
  expect(machines?.Properties['AllowedOAuthFlows']).toEqual(['client_credentials']);
  const system = servers.find(({ Properties }) => Properties['Identifier'] === 'system');
  const scopes = JSON.stringify(machines?.Properties['AllowedOAuthScopes']);
  expect(scopes).toBe(
    JSON.stringify(['*.read', '*.rs'].map((name) => ({ 'Fn::Join': ['', [{ Ref: system?.id }, `/${name}`]] }))),
  );
});
