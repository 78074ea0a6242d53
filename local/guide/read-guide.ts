import { type ImplementationGuide, objectsOf, textOf, textsOf } from '../../fhir/guide.js';
import { parseJson } from '../../fhir/json.js';
import type { Resource } from '../../fhir/resource.js';
import { fhirVersions, type FhirVersion } from '../../fhir/version.js';
import { SettingsError } from '../settings.js';
import { packageFiles } from './package-files.js';

/** The FHIR versions of packages, by how their numbers begin. */
const numbers: Readonly<Record<FhirVersion, string>> = { r4: '4.0.', stu3: '3.0.' };

/**
 * Reads an implementation guide from its package. https://hl7.org/fhir/R4/packages.html
 * @param path the package's folder or its `.tgz`.
 * @returns what of it counts here; packages it depends on are guides of their own.
 * @throws SettingsError when it cannot be read, is no package, or is for another FHIR version.
 */
export async function readGuide(path: string): Promise<ImplementationGuide> {
  const files = await packageFiles(path).catch((error: unknown) => {
    throw new SettingsError(`IMPLEMENTATION_GUIDES names ${path}, which cannot be read: ${reason(error)}`);
  });
  const read = (name: string, text: string): Readonly<Record<string, unknown>> => {
    try {
      return parseJson(text.replace(/^\uFEFF/, '')) as Readonly<Record<string, unknown>>;
    } catch (error) {
      throw new SettingsError(
        `The implementation guide ${path} has a file that is no JSON: ${name} (${reason(error)})`,
      );
    }
  };
  const manifestText = files.get('package.json');
  if (manifestText === undefined) {
    throw new SettingsError(
      `IMPLEMENTATION_GUIDES names ${path}, which is no FHIR package: it has no package/package.json`,
    );
  }
  const manifest = read('package.json', manifestText);
  const resources = [...files]
    .filter(([name]) => name !== 'package.json' && !name.startsWith('.'))
    .map(([name, text]) => read(name, text))
    .filter((value): value is Resource => typeof value['resourceType'] === 'string');
  const ofType = (type: string): Resource[] => resources.filter(({ resourceType }) => resourceType === type);
  const [guide] = ofType('ImplementationGuide');
  const url = guide === undefined ? undefined : textOf(guide, 'url');
  return {
    name: textOf(manifest, 'name') ?? path,
    version: textOf(manifest, 'version') ?? '',
    fhirVersion: versionOf(path, manifest),
    dependencies: dependenciesOf(manifest),
    ...(url === undefined ? {} : { url }),
    profiles: ofType('StructureDefinition').filter(isProfile),
    searchParameters: ofType('SearchParameter'),
    valueSets: ofType('ValueSet'),
    codeSystems: ofType('CodeSystem'),
  };
}

function versionOf(path: string, manifest: Readonly<Record<string, unknown>>): FhirVersion {
  const stated = [...textsOf(manifest, 'fhirVersions'), ...textsOf(manifest, 'fhir-version-list')];
  const version = fhirVersions.find((each) => stated.some((number) => number.startsWith(numbers[each])));
  if (version === undefined) {
    const found = stated.length === 0 ? 'no FHIR version' : `FHIR ${stated.join(', ')}`;
    throw new SettingsError(`The implementation guide ${path} states ${found}; 4.0.x and 3.0.x are served`);
  }
  return version;
}

/** FHIR itself, as packages name it. */
const fhirItself = /^hl7\.fhir\.(core|r3\.core|r4\.core)$/;

function dependenciesOf({ dependencies }: Readonly<Record<string, unknown>>): string[] {
  if (typeof dependencies !== 'object' || dependencies === null) return [];
  return Object.entries(dependencies)
    .filter(([name]) => !fhirItself.test(name))
    .map(([name, version]) => `${name}#${String(version)}`);
}

/** A definition that constrains a type and says how. */
const isProfile = (definition: Resource): boolean =>
  definition['derivation'] === 'constraint' &&
  (objectsOf(definition['snapshot'], 'element').length > 0 ||
    objectsOf(definition['differential'], 'element').length > 0);

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
