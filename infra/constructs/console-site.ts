import {
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { consolePolicy } from '../../compose/console/policy.js';
import type { Stage } from '../read-settings.js';
import { AccessLogBucket, shut } from './private-bucket.js';
import { removalPolicy } from './removal.js';

/** What a browser may not do in the console's pages. */
const unused = ['camera', 'microphone', 'geolocation', 'payment', 'usb'].map((name) => `${name}=()`).join(', ');

/**
 * Where browsers get the console: a bucket that nobody reaches but CloudFront (origin access control), and the
 * distribution before it, which sends the headers that keep the pages to themselves. Addresses of the console are behind
 * `#`: there is one document, and what is not there is 404.
 */
export class ConsoleSite extends Construct {
  readonly bucket: Bucket;
  /** Without a slash at the end. */
  readonly url: string;

  /** @param asks origins that the console may ask, as a Content-Security-Policy names them. */
  constructor(scope: Construct, id: string, stage: Stage, asks: readonly string[]) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Files', {
      encryption: BucketEncryption.S3_MANAGED, // the program as everybody may read it: no key has to be opened to CloudFront
      ...shut,
      serverAccessLogsBucket: new AccessLogBucket(this, 'AccessLogs', stage).bucket,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(2) }],
      removalPolicy: removalPolicy(stage),
    });
    const headers = new ResponseHeadersPolicy(this, 'Headers', {
      comment: `fhir-on-appsync ${stage.stage}: console`,
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: consolePolicy(asks), override: true },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(730), includeSubdomains: true, override: true },
      },
      customHeadersBehavior: {
        customHeaders: [
          { header: 'Cross-Origin-Opener-Policy', value: 'same-origin', override: true },
          { header: 'Cross-Origin-Resource-Policy', value: 'same-origin', override: true },
          { header: 'Permissions-Policy', value: unused, override: true },
        ],
      },
    });
    const distribution = new Distribution(this, 'Distribution', {
      comment: `fhir-on-appsync ${stage.stage}: console`,
      defaultRootObject: 'index.html',
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: headers,
        compress: true,
      },
      // S3 tells 403 of what is not there to who may not list.
      errorResponses: [
        { httpStatus: 403, responseHttpStatus: 404, responsePagePath: '/missing.html', ttl: Duration.seconds(10) },
      ],
    });
    this.url = `https://${distribution.distributionDomainName}`;
  }
}
