import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { readGuide } from '../../../local/guide/read-guide.js';
import { SettingsError } from '../../../local/settings.js';
import { guideFolder } from '../../support/guides.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guide-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a guide is read', () => {
  const expected = {
    name: 'example.clinic',
    version: '1.2.0',
    fhirVersion: 'r4',
    url: 'http://example.org/clinic/ImplementationGuide/clinic',
  };

  test('from a folder with a package, from the package, and from a .tgz', async () => {
    const whole = await readGuide(guideFolder('clinic-r4'));
    expect(whole).toMatchObject(expected);
    expect([
      whole.profiles.length,
      whole.searchParameters.length,
      whole.valueSets.length,
      whole.codeSystems.length,
    ]).toEqual([5, 4, 2, 1]);
    expect(await readGuide(join(guideFolder('clinic-r4'), 'package'))).toEqual(whole);
    const file = join(folder, 'clinic.tgz');
    await create({ gzip: true, file, cwd: guideFolder('clinic-r4') }, ['package']);
    const packed = await readGuide(file);
    const urls = ({ profiles }: typeof whole): unknown[] => profiles.map(({ url }) => url).sort();
    expect(packed).toMatchObject(expected);
    expect(urls(packed)).toEqual(urls(whole));
  });

  test('without its examples, the index of its files, and what is no profile', async () => {
    cpSync(guideFolder('clinic-r4'), folder, { recursive: true });
    mkdirSync(join(folder, 'package', 'example'));
    writeFileSync(join(folder, 'package', 'example', 'Patient-x.json'), '{');
    writeFileSync(join(folder, 'package', '.index.json'), '{"files":[]}');
    const logical = { resourceType: 'StructureDefinition', url: 'urn:x', derivation: 'specialization' };
    writeFileSync(join(folder, 'package', 'StructureDefinition-x.json'), JSON.stringify(logical));
    expect((await readGuide(folder)).profiles).toHaveLength(5);
  });

  test('of STU3', async () => {
    expect(await readGuide(guideFolder('clinic-stu3'))).toMatchObject({ fhirVersion: 'stu3', version: '0.9.0' });
  });
});

describe('what is no guide is refused with a sentence', () => {
  const manifest = (text: string): void => {
    mkdirSync(join(folder, 'package'));
    writeFileSync(join(folder, 'package', 'package.json'), text);
  };
  const refusal = async (path: string): Promise<string> => {
    const error: unknown = await readGuide(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message;
  };

  test('nothing there', async () => {
    expect(await refusal(join(folder, 'none.tgz'))).toContain('cannot be read');
  });

  test('a file that is no archive', async () => {
    writeFileSync(join(folder, 'x.tgz'), 'not a tar');
    expect(await refusal(join(folder, 'x.tgz'))).toContain('IMPLEMENTATION_GUIDES');
  });

  test('an archive without a package', async () => {
    writeFileSync(join(folder, 'x.json'), '{}');
    await create({ gzip: true, file: join(folder, 'x.tgz'), cwd: folder }, ['x.json']);
    expect(await refusal(join(folder, 'x.tgz'))).toContain('no package/package.json');
  });

  test('a file that is no JSON', async () => {
    manifest('{');
    expect(await refusal(folder)).toContain('package.json');
  });

  test.each([
    ['{"name":"x"}', 'no FHIR version'],
    ['{"name":"x","fhirVersions":["5.0.0"]}', 'FHIR 5.0.0'],
  ])('a package of another version: %s', async (text, said) => {
    manifest(text);
    expect(await refusal(folder)).toContain(said);
  });
});
