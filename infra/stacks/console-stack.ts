import { Aws, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ConsoleSite } from '../constructs/console-site.js';
import type { DataPlaces } from '../function-environment.js';
import { signInUrl } from '../names.js';
import type { Stage } from '../read-settings.js';

/**
 * Where the console is served from. It is made before people can be signed in to it and before the APIs have addresses:
 * its headers name AWS's hosts of the region, its document the addresses themselves (compose/console/deployed.ts).
 */
export class ConsoleStack extends Stack {
  readonly bucket: IBucket;
  /** Without a slash at the end. */
  readonly url: string;

  constructor(scope: Construct, id: string, stage: Stage, { data, ...props }: StackProps & { data: DataPlaces }) {
    super(scope, id, props);
    const hosts = `${Aws.REGION}.${Aws.URL_SUFFIX}`;
    const site = new ConsoleSite(this, 'Site', stage, [
      stage.publicUrl === '' ? `https://*.execute-api.${hosts}` : new URL(stage.publicUrl).origin,
      `https://*.appsync-api.${hosts}`,
      `wss://*.appsync-realtime-api.${hosts}`,
      `https://cognito-idp.${hosts}`,
      signInUrl(stage),
      ...[data.bodies, data.files].map(bucketUrl),
    ]);
    this.bucket = site.bucket;
    this.url = site.url;
  }
}

/** The origin of a bucket's signed URLs. */
export const bucketUrl = ({ bucketRegionalDomainName }: IBucket): string => `https://${bucketRegionalDomainName}`;
