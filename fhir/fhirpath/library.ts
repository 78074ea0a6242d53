import type { Model } from 'fhirpath';
import type { OtherEngine } from '../check-invariants.js';
import type { FhirVersion } from '../version.js';
import { EvaluationError, type FhirNode } from './node.js';

/** Imports with constant paths; fhirpath.js takes a fifth of a second to load, and few need it. */
const models: Readonly<Record<FhirVersion, () => Promise<{ readonly default: unknown }>>> = {
  r4: () => import('fhirpath/fhir-context/r4/index.js'),
  stu3: () => import('fhirpath/fhir-context/stu3/index.js'),
};

/** `trace()` would write what is in resources to the console. */
const options = { traceFn: (): void => undefined };

/** JSON without this server's decimals, which the library does not know. */
const plain = ({ value }: FhirNode): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/**
 * Loads fhirpath.js for what the compiler does not cover. It fetches nothing: an expression with `resolve()` or
 * `memberOf()` fails, and its invariant is reported as not checked.
 */
export async function libraryEngine(version: FhirVersion): Promise<OtherEngine> {
  const [{ default: fhirpath }, { default: model }] = await Promise.all([import('fhirpath'), models[version]()]);
  return (expression, { context, resource, root }) => {
    const isResource = context.type === resource.type;
    const run = fhirpath.compile(isResource ? expression : { base: context.type, expression }, model as Model, options);
    const found = run(plain(context), { resource: plain(resource), rootResource: plain(root) }) as unknown[];
    if (found.length > 1) throw new EvaluationError('several values where one is expected');
    const [verdict] = found;
    return found.length === 0 ? undefined : typeof verdict === 'boolean' ? verdict : true;
  };
}
