import { describe, expect, test } from '@jest/globals';
import { at, type Deployed, listAt, outputsOf, resourcesOf } from './support/templates.js';

const only = (type: string): Deployed => {
  const [found, ...others] = resourcesOf('dev', type);
  if (found === undefined || others.length > 0) throw new Error(`There must be one ${type}`);
  return found;
};
/** What a text of a template says, with `*` where a value stands that is known when it is deployed. */
const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : ((at(value, 'Fn::Join', 1) as unknown[] | undefined) ?? ['*']).map(textOf).join('');

describe('the console', () => {
  const distribution = at(only('AWS::CloudFront::Distribution').Properties, 'DistributionConfig');
  const bucketName = at(
    resourcesOf('dev', 'AWS::S3::Bucket').find(({ id }) => id.startsWith('SiteFiles')),
    'id',
  );

  test('is in a bucket that CloudFront reads, and nobody else', () => {
    const origin = at(distribution, 'Origins', 0);
    expect(at(origin, 'DomainName', 'Fn::GetAtt', 0)).toBe(bucketName);
    expect(at(origin, 'OriginAccessControlId')).toBeDefined();
    expect(at(only('AWS::CloudFront::OriginAccessControl').Properties, 'OriginAccessControlConfig')).toMatchObject({
      OriginAccessControlOriginType: 's3',
      SigningBehavior: 'always',
    });
    const policy = resourcesOf('dev', 'AWS::S3::BucketPolicy').find(({ id }) => id.startsWith('SiteFiles'));
    const allowed = listAt(policy, 'Properties', 'PolicyDocument', 'Statement').filter(
      ({ Effect }) => Effect === 'Allow',
    );
    expect(allowed.map(({ Action, Principal }) => [Action, Principal])).toEqual([
      ['s3:GetObject', { Service: 'cloudfront.amazonaws.com' }],
    ]);
    expect(JSON.stringify(at(allowed[0], 'Condition', 'StringEquals', 'AWS:SourceArn'))).toContain(':distribution/');
  });

  test('goes out by HTTPS alone, compressed, with one document; what is not there is 404', () => {
    expect(at(distribution, 'DefaultRootObject')).toBe('index.html');
    expect(at(distribution, 'DefaultCacheBehavior')).toMatchObject({
      ViewerProtocolPolicy: 'redirect-to-https',
      Compress: true,
    });
    expect(at(distribution, 'CustomErrorResponses')).toEqual([
      { ErrorCachingMinTTL: 10, ErrorCode: 403, ResponseCode: 404, ResponsePagePath: '/missing.html' },
    ]);
  });

  test('goes out with headers that keep it to itself, whatever the bucket says', () => {
    const { id, Properties } = only('AWS::CloudFront::ResponseHeadersPolicy');
    expect(at(distribution, 'DefaultCacheBehavior', 'ResponseHeadersPolicyId', 'Ref')).toBe(id);
    const headers = at(Properties, 'ResponseHeadersPolicyConfig', 'SecurityHeadersConfig');
    expect(headers).toMatchObject({
      ContentTypeOptions: { Override: true },
      FrameOptions: { FrameOption: 'DENY', Override: true },
      ReferrerPolicy: { ReferrerPolicy: 'no-referrer', Override: true },
      StrictTransportSecurity: { AccessControlMaxAgeSec: 63_072_000, IncludeSubdomains: true, Override: true },
    });
    const policy = textOf(at(headers, 'ContentSecurityPolicy', 'ContentSecurityPolicy')).split('; ');
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    const asked = policy.find((one) => one.startsWith('connect-src')) ?? '';
    expect(asked.split(' ')).toEqual([
      'connect-src',
      "'self'",
      'https://*.execute-api.*.*',
      'https://*.appsync-api.*.*',
      'wss://*.appsync-realtime-api.*.*',
      'https://cognito-idp.*.*',
      'https://fhir-dev-*.auth.*.amazoncognito.com',
      'https://*',
      'https://*',
    ]); // the last two are the buckets, by their own names
  });

  test('is told where everything is by a function that each deployment calls last', () => {
    const publisher = resourcesOf('dev', 'AWS::Lambda::Function').find(({ id }) => id.startsWith('PublishFunction'));
    const told = JSON.parse(textOf(at(publisher, 'Properties', 'Environment', 'Variables', 'CONSOLE'))) as object;
    expect(told).toEqual({
      apis: ['r4', 'stu3'].map((version) => ({
        version,
        rest: `https://*.execute-api.*.*/*/${version}`,
        graphql: '*',
      })),
      apiKey: 'ask',
      signIn: {
        authority: 'https://cognito-idp.*.*/*',
        clientId: '*',
        scope: 'openid profile',
        logout: 'https://fhir-dev-*.auth.*.amazoncognito.com/logout',
      },
      asks: ['https://cognito-idp.*.*/*', 'https://fhir-dev-*.auth.*.amazoncognito.com', 'https://*', 'https://*'],
    });
    expect(resourcesOf('dev', 'Custom::Trigger').filter(({ stack }) => stack === 'Fhir-dev-ConsoleFiles')).toHaveLength(
      1,
    );
  });

  test('may be signed in to and out of', () => {
    const [people] = resourcesOf('dev', 'AWS::Cognito::UserPoolClient');
    for (const urls of ['CallbackURLs', 'LogoutURLs']) {
      const own = (at(people, 'Properties', urls) as unknown[]).filter((url) => typeof url !== 'string');
      expect(own.map(textOf)).toEqual(['https://*/']);
    }
  });

  test('is left out by a setting, with all that is there for it', () => {
    const named = resourcesOf('production').filter(({ Type, id }) => /CloudFront/.test(Type) || /[Cc]onsole/.test(id));
    expect(named).toEqual([]);
    expect(Object.keys(outputsOf('production')).filter((name) => name.includes('Console'))).toEqual([]);
    const people = resourcesOf('production', 'AWS::Cognito::UserPoolClient')[0];
    expect((at(people, 'Properties', 'CallbackURLs') as unknown[]).every((url) => typeof url === 'string')).toBe(true);
  });
});
