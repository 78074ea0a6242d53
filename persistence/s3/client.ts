import { S3Client } from '@aws-sdk/client-s3';
import { isLocalEndpoint } from '../dynamodb/client.js';

/** Where S3 is. Without an endpoint it is AWS's, of the region; what is missing the SDK takes from its surroundings. */
export interface S3Place {
  readonly endpoint?: string;
  readonly region?: string;
  /** How often a request is sent that fails; 4 times without it. */
  readonly attempts?: number;
  /** Whether URLs are to be signed by it: a checksum of nothing would be part of those to upload to. */
  readonly presigns?: boolean;
}

/** What an emulator on this machine is asked with, where the surroundings have no credentials. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'localsecret' } as const;

/** A client whose connections stay open between requests; other servers than AWS's have buckets in the path. */
export function s3Client({ endpoint, region, attempts = 4, presigns = false }: S3Place): S3Client {
  const local = isLocalEndpoint(endpoint) && process.env['AWS_ACCESS_KEY_ID'] === undefined;
  return new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? {} : { region }),
    ...(local ? { credentials: localCredentials } : {}),
    ...(presigns ? { requestChecksumCalculation: 'WHEN_REQUIRED' as const } : {}),
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
  });
}
