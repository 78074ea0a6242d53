import { describe, expect, test } from '@jest/globals';
import { request } from 'node:http';
import type { Stack } from './support/stack.js';

interface Page {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** What CloudFront answers: MiniStack tells distributions by the host that is asked for. */
async function asked(endpoint: string, host: string, path: string): Promise<Page> {
  const { hostname, port } = new URL(endpoint);
  return await new Promise((resolve, reject) => {
    request({ hostname, port, path, headers: { host, 'x-forwarded-proto': 'https' } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        resolve({
          status: response.statusCode,
          headers: response.headers,
          text: Buffer.concat(parts).toString(),
        });
      });
    })
      .on('error', reject)
      .end();
  });
}

/** The console, by CloudFront. */
export function describeConsole(stackOf: () => Stack): void {
  const page = (path: string): Promise<Page> => {
    const { aws, stage } = stackOf();
    return asked(aws.endpoint, new URL(stage.outputs['ConsoleUrl'] ?? '').host, path);
  };

  describe('the console', () => {
    test('its document and all that it asks for first are there, with the headers of the distribution', async () => {
      const { status, headers, text } = await page('/');
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([
        200,
        'text/html; charset=utf-8',
        'no-store',
      ]);
      expect(headers['content-security-policy']).toContain("script-src 'self'");
      expect(headers['x-frame-options']).toBe('DENY');
      const files = [...text.matchAll(/(?:src|href)="\.(\/console\/[^"]+)"/g)].map(([, file = '']) => file);
      expect(files.length).toBeGreaterThan(2);
      for (const file of files) {
        const { status: found, headers: own } = await page(file);
        expect([file, found, own['cache-control']]).toEqual([file, 200, 'public, max-age=31536000, immutable']);
      }
    });

    test('its settings are those of the deployment', async () => {
      const { outputs } = stackOf().stage;
      const settings = JSON.parse((await page('/console.json')).text) as {
        readonly apis: readonly { readonly rest: string; readonly version: string }[];
        readonly apiKey: string;
        readonly signIn: object;
      };
      expect(settings.apis.map(({ version, rest }) => [version, rest])).toEqual([['r4', outputs['RestUrlR4']]]);
      expect(settings.signIn).toMatchObject({ authority: outputs['Issuer'], clientId: outputs['ClientId'] });
      expect(settings.apiKey).toBe('ask');
    });

    test('what is not there is 404', async () => {
      expect((await page('/console/none.js')).status).toBe(404);
    });
  });
}
