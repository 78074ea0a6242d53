import { decimalText } from '../../fhir/json.js';
import type { FhirDefinitions } from '../../fhir/definitions.js';
import type { Resource } from '../../fhir/resource.js';
import type { ExtractedValue, SearchParameterType } from '../../fhir/search-parameter.js';
import { prefixes } from '../../search/interval.js';
import { isServedParameter, type ServedParameter } from '../../search/served-parameter.js';
import { escapedValue } from '../../search/escape.js';

/** Values to search for, made from a value a resource has. */
function queriesFor(parameter: { readonly type: SearchParameterType }, { value }: ExtractedValue): string[] {
  const element = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const text = (found: unknown): string[] => (typeof found === 'string' ? [escapedValue(found)] : []);
  switch (parameter.type) {
    case 'token': {
      const [coding] = (element['coding'] as Record<string, unknown>[] | undefined) ?? [element];
      const codes = [...text(coding?.['code']), ...text(coding?.['value']), ...text(value)];
      return [
        ...codes,
        ...text(coding?.['system']).flatMap((system) => [`${system}|`, ...codes.map((code) => `${system}|${code}`)]),
      ];
    }
    case 'date': {
      const dates = [...text(value), ...text(element['start']), ...text(element['end'])];
      return dates.flatMap((date) =>
        prefixes.flatMap((prefix) => [4, 7, 10, 40].map((length) => prefix + date.slice(0, length))),
      );
    }
    case 'reference':
      return text(element['reference']).filter((each) => !each.startsWith('#'));
    case 'string':
      return [value, element['family'], element['city'], element['text']]
        .flatMap(text)
        .flatMap((each) => [each, each.slice(0, 3)]);
    case 'quantity': {
      const number = decimalText(element['value']);
      if (number === undefined) return [];
      const unit = text(element['unit']).map((each) => `||${each}`);
      const coded = text(element['code']).flatMap((code) =>
        text(element['system']).map((system) => `|${system}|${code}`),
      );
      return ['', ...unit, ...coded].flatMap((each) => prefixes.map((prefix) => prefix + number + each));
    }
    default:
      return [...text(value), ...(typeof value === 'number' ? [String(value), `gt${String(value)}`] : [])];
  }
}

/** Values of a composite, made from those of one element: each query of a component with the first of the others. */
function compositeQueries({ components }: ServedParameter, element: ExtractedValue, resource: Resource): string[] {
  const [first = [], ...others] = components.map((component) =>
    component.extract(element, resource).flatMap((each) => queriesFor(component, each)),
  );
  if (others.length !== 1) return [];
  return first.slice(0, 3).flatMap((left) =>
    others
      .flat()
      .slice(0, 40)
      .map((right) => `${left}$${right}`),
  );
}

/** Searches by every served parameter of a type, for values there are, and orders by each. */
export function searches(definitions: FhirDefinitions, type: string, all: readonly Resource[]): [string, string][] {
  const modified: Readonly<Record<string, readonly string[]>> = {
    token: ['', ':not'],
    string: ['', ':exact', ':contains'],
  };
  return definitions.searchParameters
    .ofType(type)
    .filter(isServedParameter)
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
        ...(parameter.type === 'composite'
          ? []
          : ['', '-'].map((direction): [string, string] => ['_sort', direction + code])),
      ];
    });
}
