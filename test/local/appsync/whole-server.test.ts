import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type RunningServer, startServer } from '../../../local/server.js';
import { createSignIn } from '../../../local/sign-in/sign-in.js';
import { issueToken } from './issue-token.js';

let folder: string;
let running: RunningServer;
let token: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'graphql-face-'));
  const settings = {
    host: '127.0.0.1',
    port: 0,
    dataFolder: folder,
    logLevel: 'silent',
    auth: 'on' as const,
    publicUrl: 'http://127.0.0.1:0',
    signInPassword: undefined,
  };
  running = await startServer(settings, pino({ level: 'silent' }));
});
