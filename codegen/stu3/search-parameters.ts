import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SearchParameterSource } from '../definitions.js';
import { resourceParameters } from './resource-parameters.js';
import { searchParameterUrl } from './shared-urls.js';

const run = promisify(execFile);
const jars = join(import.meta.dirname, '..', '..', '.engines', 'stu3');

/** What an annotation of the STU3 model classes says; printed by SearchParameters.java, one a line. */
interface AnnotatedParameter {
  base: string;
  code: string;
  type: string;
  /** The expression; STU3's shared parameters already cut down to this type. */
  path: string;
  /** Sorted; empty for a reference to any type. */
  target: string[];
  /** The codes of a composite's components. */
  compositeOf: string[];
}

const sequence = 'http://hl7.org/fhir/SearchParameter/Sequence';

/** The components of the one composite whose annotation leaves out a component (`end`). */
const components: Readonly<Record<string, SearchParameterSource['component']>> = {
  'Sequence.coordinate': [
    { definition: `${sequence}-chromosome`, expression: '%resource.referenceSeq.chromosome' },
    { definition: `${sequence}-start`, expression: 'start' },
    { definition: `${sequence}-end`, expression: 'end' },
  ],
};

/**
 * Reads the search parameters of STU3 from the annotations of `org.hl7.fhir.dstu3`, the one complete source on a
 * package registry, and adds those of Resource and DomainResource, which it lacks.
 * @returns one entry a (type, code) pair; the same as the official definitions, but for shared ones cut by type.
 * @throws when Maven or a JDK is missing.
 */
export async function readStu3SearchParameters(): Promise<SearchParameterSource[]> {
  const annotated = (await annotations()).filter(({ code }) => code !== '_id');
  const byPair = new Map(annotated.map((parameter) => [`${parameter.base}.${parameter.code}`, parameter]));
  const types = [...new Set(annotated.map(({ base }) => base))].sort();
  const component = (composite: AnnotatedParameter, code: string): SearchParameterSource['component'][number] => {
    const simple = byPair.get(`${composite.base}.${code}`);
    if (simple === undefined) throw new Error(`${composite.base}.${composite.code} is composed of the unknown ${code}`);
    return {
      definition: searchParameterUrl(composite.base, code),
      expression: componentExpression(composite.path, simple.path),
    };
  };
  const parameters = annotated.map((parameter) => ({
    url: searchParameterUrl(parameter.base, parameter.code),
    code: parameter.code,
    base: [parameter.base],
    type: parameter.type,
    expression: parameter.path,
    target: parameter.type === 'reference' && parameter.target.length === 0 ? types : parameter.target,
    component:
      components[`${parameter.base}.${parameter.code}`] ??
      parameter.compositeOf.map((code) => component(parameter, code)),
  }));
  return [...resourceParameters, ...parameters];
}

/**
 * The expression of a component inside the element a composite selects: the simple parameter's expression without the
 * composite's path; what lies outside the element is reached through `%resource`.
 */
function componentExpression(composite: string, simple: string): string {
  const elements = composite.split(' | ').sort((a, b) => b.length - a.length);
  const relative = simple.split(' | ').map((path) => {
    const element = elements.find((candidate) => path.startsWith(`${candidate}.`));
    return element === undefined ? path.replace(/^\w+/, '%resource') : path.slice(element.length + 1);
  });
  return [...new Set(relative)].join(' | ');
}

async function annotations(): Promise<AnnotatedParameter[]> {
  if (!existsSync(jars)) await fetchJars();
  const program = join(import.meta.dirname, 'SearchParameters.java');
  const { stdout } = await run('java', ['-cp', join(jars, '*'), program], { maxBuffer: 16 * 1024 * 1024 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AnnotatedParameter);
}

async function fetchJars(): Promise<void> {
  const pom = join(import.meta.dirname, 'pom.xml');
  const partial = `${jars}-${String(process.pid)}`; // a download cut short must not look complete
  const arguments_ = ['-B', '-q', '-C', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
  try {
    await run('mvn', arguments_);
    await rename(partial, jars);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw new Error('Maven could not fetch the STU3 model classes; codegen needs a JDK, Maven and Maven Central', {
      cause: error,
    });
  }
}
