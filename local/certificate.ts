import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { readSecret } from './secret.js';

/** What a TLS server shows, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The file with the certificate alone, for clients that are to trust it. */
  readonly file: string;
}

const secretFile = 'tls.pem';
const publicFile = 'tls-certificate.pem';

/** How long a certificate counts, and how much of that must be left, in milliseconds. Browsers take 825 days at most. */
const life = 820 * 86_400_000;
const left = 7 * 86_400_000;

const certificateIn = (pem: string): string | undefined =>
  /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\r?\n?/.exec(pem)?.[0];

/** Whether a certificate is there that still counts, for all of the names. */
function counts(pem: string, names: readonly string[], now: number): boolean {
  const text = certificateIn(pem);
  if (text === undefined || !pem.includes('PRIVATE KEY-----')) return false;
  const certificate = new X509Certificate(text);
  const isFor = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  return Date.parse(certificate.validTo) - left > now && names.every(isFor);
}

/** A key and a certificate for it, signed by itself. The library is loaded only when one is made. */
async function make(names: readonly string[], now: number): Promise<Uint8Array> {
  const { generate } = await import('selfsigned');
  const altNames = names.map((name) =>
    isIP(name) === 0 ? ({ type: 2, value: name } as const) : ({ type: 7, ip: name } as const),
  );
  const pems = await generate([{ name: 'commonName', value: 'fhir-on-appsync' }], {
    keyType: 'ec',
    notBeforeDate: new Date(now - 60_000),
    notAfterDate: new Date(now + life),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true }, // so that it may be trusted as its own authority
      { name: 'subjectAltName', altNames },
    ],
  });
  return Buffer.from(`${pems.private.trim()}\n${pems.cert.trim()}\n`);
}

/**
 * The certificate of the embedded server, made at the first start with `TLS=on` and kept in the data folder. One that
 * ends soon, or is not for all of the names, is replaced.
 * @param folder the data folder, which exists.
 * @param hosts names and addresses it must be for, beside those of this machine.
 * @param now milliseconds since 1970.
 */
export async function readCertificate(
  folder: string,
  hosts: readonly string[],
  now = Date.now(),
): Promise<Certificate> {
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...hosts])];
  const place = join(folder, secretFile);
  const there = existsSync(place) ? readFileSync(place, 'utf8') : '';
  let made: Uint8Array | undefined;
  if (!counts(there, names, now)) {
    made = await make(names, now);
    rmSync(place, { force: true });
  }
  const pem = Buffer.from(readSecret(folder, secretFile, () => made ?? Buffer.from(there))).toString('utf8');
  const cert = certificateIn(pem) ?? '';
  const file = join(folder, publicFile);
  writeFileSync(`${file}.new`, cert);
  renameSync(`${file}.new`, file);
  return { key: pem, cert, file };
}
