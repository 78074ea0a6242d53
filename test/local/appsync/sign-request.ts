import { createHash, createHmac } from 'node:crypto';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * Signs a request to a path without special characters, as AWS's SDKs do, for the service appsync.
 * @returns the headers that make it signed.
 */
export function signRequest(asked: {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  readonly accessKeyId: string;
  readonly secret: string;
}): Record<string, string> {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/us-east-1/appsync/aws4_request`;
  const signedHeaders = 'host;x-amz-date';
  const headers = `host:${asked.url.host}\nx-amz-date:${date}\n`;
  const canonical = [asked.method, asked.url.pathname, '', headers, signedHeaders, sha256(asked.body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${asked.secret}`);
  const signature = hmac(key, toSign).toString('hex');
  return {
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${asked.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}
