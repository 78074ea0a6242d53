import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { readCertificate } from '../../local/certificate.js';
import { startServer } from '../../local/server.js';
import { readSettings } from '../../local/settings.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificate-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the certificate of the embedded server', () => {
  test('is made at first, for this machine and the names given, and kept', async () => {
    const made = await readCertificate(folder, ['fhir.example.org', '10.0.0.7']);
    const certificate = new X509Certificate(made.cert);
    expect(certificate.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:fhir.example.org, IP Address:10.0.0.7',
    );
    expect(certificate.verify(certificate.publicKey)).toBe(true); // signed by itself
    expect(certificate.ca).toBe(true); // so that a client may trust it
    expect(await readCertificate(folder, ['fhir.example.org'])).toEqual(made);
    expect(readFileSync(made.file, 'utf8')).toBe(made.cert);
  });

  test('has a key that only its owner reads; the file to be trusted has none', async () => {
    const { file } = await readCertificate(folder, []);
    expect(statSync(join(folder, 'tls.pem')).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain('PRIVATE KEY');
  });

  test.each([
    ['is for other names', ['other.example.org'], 0],
    ['ends within a week', [], 814 * 86_400_000],
  ])('is made anew when it %s', async (_, hosts, later) => {
    const { cert } = await readCertificate(folder, []);
    const anew = await readCertificate(folder, hosts, Date.now() + later);
    expect(anew.cert).not.toBe(cert);
    expect(await readCertificate(folder, hosts, Date.now() + later)).toEqual(anew);
  });

  test('is made anew when the file holds none', async () => {
    writeFileSync(join(folder, 'tls.pem'), 'nothing');
    expect(new X509Certificate((await readCertificate(folder, [])).cert).ca).toBe(true);
  });
});

test('TLS=on speaks https, by the certificate in the data folder, and its links begin with https', async () => {
  const settings = readSettings({ DATA_DIR: folder, PORT: '0', TLS: 'on', LOG_LEVEL: 'silent', AUTH: 'off' });
  const running = await startServer(settings, pino({ level: 'silent' }));
  try {
    expect(running.url).toBe(`https://127.0.0.1:${String(running.port)}`);
    const ca = readFileSync(join(folder, 'tls-certificate.pem'));
    const text = await new Promise<string>((resolve, reject) => {
      get(`${running.url}/r4/Patient`, { ca }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          resolve(body);
        });
      }).on('error', reject);
    });
    const { link } = JSON.parse(text) as { link: { url: string }[] };
    expect(link[0]?.url).toContain(`${running.url}/r4/Patient`);
  } finally {
    await running.close();
  }
});
