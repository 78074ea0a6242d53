import type { FhirDefinitions } from '../../fhir/definitions.js';
import type { Resource } from '../../fhir/resource.js';
import { isServedParameter } from '../../search/served-parameter.js';
import { compositeQueries, queriesFor } from '../support/queries-for.js';

/** Searches by every served parameter of a type, for values there are, and orders by each. */
export function searches(definitions: FhirDefinitions, type: string, all: readonly Resource[]): [string, string][] {
  const modified: Readonly<Record<string, readonly string[]>> = {
    token: ['', ':not'],
    string: ['', ':exact', ':contains'],
  };
  return definitions.searchParameters
    .ofType(type)
    .filter(isServedParameter)
    .filter(({ type: kind }) => kind !== 'special' || definitions.version === 'r4') // STU3 needs two parameters
    .flatMap((parameter) => {
      const { code } = parameter;
      const values = new Set(
        all
          .flatMap((each) =>
            parameter
              .extract(each)
              .slice(0, 1)
              .flatMap((element) =>
                parameter.type === 'composite'
                  ? compositeQueries(parameter, element, each)
                  : queriesFor(parameter, element),
              ),
          )
          .slice(0, 200),
      );
      const modifiers = modified[parameter.type] ?? [''];
      return [
        ...[...values]
          .filter((value) => value !== '')
          .flatMap((value) => modifiers.map((modifier): [string, string] => [code + modifier, value])),
        ...['true', 'false'].map((value): [string, string] => [`${code}:missing`, value]),
        ...(parameter.type === 'composite' || parameter.type === 'special'
          ? []
          : ['', '-'].map((direction): [string, string] => ['_sort', direction + code])),
      ];
    });
}
