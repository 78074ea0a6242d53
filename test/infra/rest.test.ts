import { describe, expect, test } from '@jest/globals';
import { at, type Deployed, listAt, resourcesOf } from './support/templates.js';

/** The path of a resource of API Gateway, from the root. */
function pathOf(id: string, resources: readonly Deployed[]): string {
  const found = resources.find((one) => one.id === id);
  if (found === undefined) return '';
  return `${pathOf(String(at(found.Properties, 'ParentId', 'Ref')), resources)}/${String(found.Properties['PathPart'])}`;
}

const methods = (
  stage: 'dev' | 'production',
): readonly { readonly route: string; readonly Properties: Deployed['Properties'] }[] => {
  const resources = resourcesOf(stage, 'AWS::ApiGateway::Resource');
  return resourcesOf(stage, 'AWS::ApiGateway::Method').map(({ Properties }) => ({
    route: `${String(Properties['HttpMethod'])} ${pathOf(String(at(Properties, 'ResourceId', 'Ref')), resources)}`,
    Properties,
  }));
};

describe('the REST API', () => {
  test('is open only where clients learn how to sign in, and to questions of browsers', () => {
    const open = methods('dev').filter(({ Properties }) => Properties['AuthorizationType'] === 'NONE');
    const routes = open.map(({ route }) => route.replace(/\/(r4|stu3)/, '/v')).sort();
    expect([...new Set(routes)]).toEqual([
      'GET /v/.well-known/{proxy+}',
      'GET /v/metadata',
      'HEAD /v/.well-known/{proxy+}',
      'HEAD /v/metadata',
      'OPTIONS /v',
      'OPTIONS /v/.well-known/{proxy+}',
      'OPTIONS /v/metadata',
      'OPTIONS /v/{proxy+}',
    ]);
    expect(routes).toHaveLength(16);
  });

  test('asks everywhere else for a token of the pool with a scope that the server takes, and for a key', () => {
    const guarded = methods('dev').filter(({ Properties }) => Properties['AuthorizationType'] !== 'NONE');
    expect(guarded.map(({ route }) => route).sort()).toEqual([
      'ANY /r4',
      'ANY /r4/{proxy+}',
      'ANY /stu3',
      'ANY /stu3/{proxy+}',
    ]);
    for (const { Properties } of guarded) {
      expect(Properties).toMatchObject({
        AuthorizationType: 'COGNITO_USER_POOLS',
        ApiKeyRequired: true,
        AuthorizationScopes: ['openid', 'aws.cognito.signin.user.admin'],
      });
    }
  });

  test('has URLs that name a tenant where tenants share the stage, open and guarded as the others', () => {
    const routes = methods('production').map(
      ({ route, Properties }) => `${route} ${String(Properties['AuthorizationType'])}`,
    );
    const below = routes.filter((route) => route.includes(' /tenant/{tenant}/'));
    expect(below.map((route) => route.replace('/tenant/{tenant}', '')).sort()).toEqual(
      routes.filter((route) => !route.includes(' /tenant/')).sort(),
    );
    expect(methods('dev').filter(({ route }) => route.includes('tenant'))).toEqual([]);
    const told = resourcesOf('production', 'AWS::Lambda::Function').filter(
      ({ Properties }) => at(Properties, 'Environment', 'Variables', 'AUTHORIZATION') !== undefined,
    );
    expect(told.length).toBeGreaterThan(3);
    for (const { Properties } of told) expect(at(Properties, 'Environment', 'Variables', 'TENANCY')).toBe('pooled');
    const [api] = resourcesOf('production', 'AWS::AppSync::GraphQLApi');
    expect(at(api?.Properties, 'EnvironmentVariables')).toMatchObject({ TENANCY: 'pooled' });
  });

  test('takes SMART scopes where they count', () => {
    const [guarded] = methods('production').filter(({ Properties }) => Properties['AuthorizationType'] !== 'NONE');
    const scopes = JSON.stringify(guarded?.Properties['AuthorizationScopes']);
    for (const scope of ['patient/*.read', 'user/*.cruds', 'launch/patient']) expect(scopes).toContain(scope);
  });

  test('is throttled, and records neither paths nor queries, headers or bodies', () => {
    const [stage] = resourcesOf('dev', 'AWS::ApiGateway::Stage');
    expect(listAt(stage, 'Properties', 'MethodSettings')[0]).toMatchObject({
      DataTraceEnabled: false,
      ThrottlingRateLimit: 500,
      ThrottlingBurstLimit: 1000,
    });
    const format = String(at(stage, 'Properties', 'AccessLogSetting', 'Format'));
    expect(format).toContain('$context.resourcePath');
    expect(format).not.toMatch(/context\.path|querystring|header|body/i);
    const [plan] = resourcesOf('dev', 'AWS::ApiGateway::UsagePlan');
    expect(at(plan, 'Properties', 'Throttle')).toEqual({ RateLimit: 500, BurstLimit: 1000 });
    expect(resourcesOf('dev', 'AWS::ApiGateway::UsagePlanKey')).toHaveLength(1);
  });

  test('refuses with OperationOutcomes', () => {
    const responses = resourcesOf('dev', 'AWS::ApiGateway::GatewayResponse');
    expect(responses.length).toBeGreaterThan(8);
    for (const { Properties } of responses) {
      const text = String(at(Properties, 'ResponseTemplates', 'application/json'));
      const outcome: unknown = JSON.parse(text.replace('$context.error.messageString', '"why"'));
      expect(outcome).toMatchObject({
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', diagnostics: 'why' }],
      });
      expect(at(Properties, 'ResponseParameters')).toMatchObject({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
        'gatewayresponse.header.Cache-Control': "'no-store'",
        'gatewayresponse.header.Strict-Transport-Security': "'max-age=31536000'",
        'gatewayresponse.header.X-Content-Type-Options': "'nosniff'",
      });
    }
  });
});

describe('every function of the server', () => {
  const own = (stage: 'dev' | 'production'): readonly Deployed[] =>
    resourcesOf(stage, 'AWS::Lambda::Function').filter(({ Properties }) =>
      String(Properties['Description']).startsWith('fhir-on-appsync'),
    );

  test('runs Node.js 22 on arm64, with an encrypted environment and a log that ends', () => {
    expect(own('dev')).toHaveLength(17);
    for (const { Properties } of own('dev')) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs22.x', Architectures: ['arm64'], Handler: 'index.handler' });
      expect(Properties['KmsKeyArn']).toBeDefined();
      expect(at(Properties, 'LoggingConfig', 'LogGroup')).toBeDefined();
    }
    for (const { Properties } of resourcesOf('dev', 'AWS::Logs::LogGroup'))
      expect(Properties['RetentionInDays']).toBe(14);
  });

  test('that answers ends before API Gateway or AppSync gives it up', () => {
    const timeouts = own('dev').flatMap(({ Properties }) =>
      / (rest|resolvers) /.test(`${String(Properties['Description'])} `) ? [Number(Properties['Timeout'])] : [],
    );
    expect(timeouts.sort()).toEqual([28, 28, 29, 29]);
  });

  test('is kept warm where the stage says so, and is what callers call then', () => {
    const aliases = resourcesOf('production', 'AWS::Lambda::Alias');
    expect(aliases.map(({ Properties }) => at(Properties, 'ProvisionedConcurrencyConfig'))).toEqual([
      { ProvisionedConcurrentExecutions: 2 },
      { ProvisionedConcurrentExecutions: 2 },
    ]);
    const [source] = resourcesOf('production', 'AWS::AppSync::DataSource').filter(
      ({ Properties }) => Properties['Type'] === 'AWS_LAMBDA',
    );
    const ids = aliases.map(({ id }) => id);
    expect(ids).toContain(at(source, 'Properties', 'LambdaConfig', 'LambdaFunctionArn', 'Ref'));
    expect(resourcesOf('dev', 'AWS::Lambda::Alias')).toEqual([]);
  });
});
