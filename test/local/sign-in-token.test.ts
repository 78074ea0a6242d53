import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenVerifier } from '../../auth/verify-token.js';
import { createSignIn } from '../../local/sign-in/sign-in.js';

let folder: string;
let dataFolder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'token-'));
  dataFolder = join(folder, 'made', 'by', 'the', 'command');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'local/token.ts', ...args], {
      env: { ...process.env, NODE_OPTIONS: '', DATA_DIR: dataFolder, HOST: '', PORT: '4001', PUBLIC_URL: '', AUTH: '' },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    child.on('close', (code) => {
      resolve({ code, out, err });
    });
  });

describe('npm run token', () => {
  test('prints just a token, which the server that starts later in that folder takes', async () => {
    const { code, out, err } = await run('patient', '--ttl', '60');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const signIn = createSignIn({ publicUrl: 'http://127.0.0.1:4001', dataFolder, onError: () => undefined });
    const { principal, claims } = await createTokenVerifier(signIn)(`Bearer ${out.trim()}`);
    expect(principal.groups).toEqual(['patient']);
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(60);
  });

  test('started twice at once in a fresh folder makes one key', async () => {
    dataFolder = join(folder, 'twice');
    const tokens = await Promise.all([run('auditor'), run('auditor'), run('auditor')]);
    const signIn = createSignIn({ publicUrl: 'http://127.0.0.1:4001', dataFolder, onError: () => undefined });
    const verify = createTokenVerifier(signIn);
    for (const { out } of tokens) expect((await verify(`Bearer ${out.trim()}`)).principal.username).toBe('auditor');
  });

  test.each([
    [[], 'Name one user'],
    [['nobody'], 'There is no user "nobody"'],
    [['patient', 'auditor'], 'Name one user'],
    [['patient', '--ttl', 'long'], '--ttl is "long"'],
    [['patient', '--ttl', '0'], '--ttl is "0"'],
    [['patient', '--life', '7'], 'Unknown option'],
  ])('%j prints no token but the users there are, and ends with 1', async (args, sentence) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(sentence);
    for (const name of ['practitioner', 'non-practitioner', 'auditor', 'patient']) expect(err).toContain(`  ${name} `);
  });
});
