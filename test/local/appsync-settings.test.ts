import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startServer } from '../../local/server.js';
import { readSettings, SettingsError } from '../../local/settings.js';

describe('the settings of the AppSync APIs', () => {
  test('are AppSync’s own limits unless said otherwise', () => {
    expect(readSettings({}).appsync).toEqual({ introspection: true, maxDepth: 75, maxResolvers: 10_000 });
    const given = { APPSYNC_INTROSPECTION: 'off', APPSYNC_DEPTH_LIMIT: '9', APPSYNC_RESOLVER_LIMIT: '100' };
    expect(readSettings(given).appsync).toEqual({ introspection: false, maxDepth: 9, maxResolvers: 100 });
  });

  test.each([
    [{ APPSYNC_INTROSPECTION: 'maybe' }, 'APPSYNC_INTROSPECTION is "maybe": it may be on, off'],
    [{ APPSYNC_DEPTH_LIMIT: '76' }, 'APPSYNC_DEPTH_LIMIT is "76": it may be a number from 1 to 75'],
    [{ APPSYNC_RESOLVER_LIMIT: '0' }, 'APPSYNC_RESOLVER_LIMIT is "0": it may be a number from 1 to 10000'],
  ])('%j are refused', (environment, message) => {
    expect(() => readSettings(environment)).toThrow(SettingsError);
    expect(() => readSettings(environment)).toThrow(message);
  });

  test('count: no introspection, no deeper and no more resolvers than set', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'appsync-settings-'));
    const settings = readSettings({
      PORT: '0',
      DATA_DIR: folder,
      AUTH: 'off',
      APPSYNC_INTROSPECTION: 'off',
      APPSYNC_DEPTH_LIMIT: '3',
      APPSYNC_RESOLVER_LIMIT: '2',
    });
    const running = await startServer(settings, pino({ level: 'silent' }));
    try {
      const ask = async (
        query: string,
      ): Promise<{ data: unknown; errors?: { message: string; errorType?: string }[] }> => {
        const body = JSON.stringify({ query });
        const headers = { 'content-type': 'application/json' };
        return (await fetch(`${running.url}/r4/graphql`, { method: 'POST', headers, body })).json() as never;
      };
      expect((await ask('{ __schema { queryType { name } } }')).errors?.[0]?.message).toContain(
        'IntrospectionDisabled',
      );
      expect(await ask('{ PatientList { id __typename } }')).toEqual({ data: { PatientList: [] } });
      expect(await ask('{ PatientList { name { family } } }')).toEqual({ data: { PatientList: [] } });
      expect((await ask('{ PatientList { name { period { start } } } }')).errors?.[0]?.message).toContain(
        'Query depth 4 exceeds the limit of 3',
      );
      expect((await ask('{ a: PatientList { id } b: PatientList { id } c: PatientList { id } }')).errors).toMatchObject(
        [{ errorType: 'ExecutionLimitExceeded', message: 'Resolver count exceeds the limit of 2' }],
      );
    } finally {
      await running.close();
      rmSync(folder, { recursive: true });
    }
  });
});
