import { expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Adapter } from 'oidc-provider';
import { keepSessions } from '../../local/sign-in/sessions.js';

// What is written to /dev/full finds a full disk.

(existsSync('/dev/full') ? test : test.skip)(
  'on a full disk people sign in, and are kept once there is room again',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fhir-sessions-'));
    const draft = join(folder, `sign-in-sessions.json.${String(process.pid)}`);
    const open = (): Adapter => keepSessions(folder)('Session');
    const sessions = open();
    await sessions.upsert('before', { uid: 'u0' }, 60);
    const fill = (): void => {
      symlinkSync('/dev/full', draft);
    };
    fill();
    await sessions.upsert('meanwhile', { uid: 'u1' }, 60);
    expect(await sessions.findByUid('u1')).toEqual({ uid: 'u1' });
    expect(existsSync(draft)).toBe(false);
    fill();
    await sessions.consume('meanwhile');
    fill();
    await expect(sessions.destroy('before')).rejects.toThrow('ENOSPC'); // it would be there again after a restart
    expect(await sessions.find('before')).toBeUndefined();
    expect(Object.keys(JSON.parse(readFileSync(join(folder, 'sign-in-sessions.json'), 'utf8')) as object)).toEqual([
      'Session:before',
    ]);
    await sessions.upsert('after', { uid: 'u2' }, 60);
    const later = open();
    expect(await Promise.all(['before', 'meanwhile', 'after'].map((id) => later.find(id)))).toEqual([
      undefined,
      expect.objectContaining({ uid: 'u1', consumed: expect.any(Number) }),
      { uid: 'u2' },
    ]);
    rmSync(folder, { recursive: true });
  },
);
