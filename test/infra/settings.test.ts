import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSettings } from '../../infra/check-settings.js';
import { readSettings } from '../../infra/read-settings.js';
import { defaults, stages } from '../../infra/settings.js';

describe('settings', () => {
  test.each(Object.keys(stages))('of the stage %s can be used', (stage) => {
    expect(readSettings(stage)).toMatchObject({ ...stages[stage], stage });
  });

  test('of a stage that there is not are refused by name', () => {
    expect(() => readSettings('staging')).toThrow(
      'There is no stage staging in settings.ts: there are dev, production',
    );
  });

  test.each([
    [{ fhirVersions: [] }, 'fhirVersions is []: it must be a list of 1 at least'],
    [{ fhirVersions: ['r5'] }, 'fhirVersions is ["r5"]: it may be r4, stu3'],
    [{ fhirVersions: ['r4', 'r4'] }, 'each once'],
    [{ region: 'frankfurt' }, 'region is "frankfurt": it may be a region such as eu-central-1'],
    [{ search: 'huge' }, 'search is "huge": it may be dev, small, production'],
    [{ search: { endpoint: 'nowhere' } }, 'endpoint is "nowhere": it may be a URL'],
    [{ callbackUrls: ['http://app.example.org/'] }, 'https, or of http://localhost'],
    [{ callbackUrls: ['https://*.example.org/'] }, 'https, or of http://localhost'],
    [{ smartScopes: { ...defaults.smartScopes, patient: ['a/b'] } }, 'patient is ["a/b"]: it may be names of scopes'],
    [{ signInPrefix: 'my-cognito' }, 'signInPrefix is "my-cognito"'],
    [{ throttle: { perSecond: 0, burst: 1, perMonth: 0 } }, 'perSecond is 0: it may be a whole number from 1 to 10000'],
    [{ throttle: { perSecond: 1 } }, 'it must have perSecond, burst, perMonth'],
    [{ depthLimit: 76 }, 'depthLimit is 76: it may be a whole number from 1 to 75'],
    [{ logDays: 8 }, 'logDays is 8: it may be 7, 14, 30'],
    [{ publicUrl: 'https://fhir.example.org/' }, 'a URL without a slash at the end'],
    [{ alarmEmail: 'ops' }, 'alarmEmail is "ops": it may be an address'],
    [{ jobs: { segments: 0, atOnce: 1 } }, 'segments is 0: it may be a whole number from 1 to 1000'],
    [{ importSources: ['s3://bucket/file.ndjson'] }, 'it may be folders such as s3://bucket/folder/'],
    [{ tenancy: 'pooled', importSources: ['s3://bucket/folder/'] }, 'each has its own, such as s3://bucket/{tenant}/'],
    [{ tags: { cost: 1 } }, 'tags is {"cost":1}: it may be texts by name'],
    [{ serach: 'dev' }, 'serach is no setting'],
    [{ removal: undefined }, 'removal is nothing: it may be retain, destroy'],
  ])('that cannot be used are refused with what may be: %j', (wrong, message) => {
    expect(() => checkSettings({ ...defaults, ...wrong })).toThrow(message);
  });

  test('that cannot be used are told all at once', () => {
    expect(() => checkSettings({ ...defaults, depthLimit: 0, firewall: 'yes' })).toThrow(
      /depthLimit is 0.*\nfirewall is "yes"/,
    );
  });

  test('take sources of imports that name the tenant where tenants share the stage', () => {
    const own = {
      tenancy: 'pooled',
      importSources: ['s3://bucket/{tenant}/', 'https://files.example.org/{tenant}/in/'],
    };
    expect(checkSettings({ ...defaults, ...own })).toMatchObject(own);
  });

  test('of a file take the place of the stage, and are checked as well', () => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    const file = join(folder, 'own.json');
    try {
      writeFileSync(file, JSON.stringify({ region: 'eu-central-1', search: { endpoint: 'http://127.0.0.1:9200' } }));
      expect(readSettings('dev', file)).toMatchObject({ region: 'eu-central-1', removal: 'destroy' });
      writeFileSync(file, '{"region":1}');
      expect(() => readSettings('dev', file)).toThrow('region is 1');
      writeFileSync(file, '[]');
      expect(() => readSettings('dev', file)).toThrow('is no JSON object of settings');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
