import type { BindingTable } from '../check-bindings.js';
import type { Guides } from '../guides.js';
import type { ProfileElement } from './profile.js';

const baseUrl = 'http://hl7.org/fhir/StructureDefinition/';

/**
 * The value set that an element is bound to, by the place of its definition.
 * https://hl7.org/fhir/R4/valueset-operation-expand.html#context
 * @param context the URL of a StructureDefinition, `#`, and a path or an id in it: `…/Patient#Patient.maritalStatus`.
 * @returns its canonical; undefined where there is none.
 */
export function bindingAt(bindings: BindingTable, guides: Guides | undefined, context: string): string | undefined {
  const [url = '', path = ''] = context.split('#');
  const profile = guides?.profileOf(url);
  const ofProfile = profile === undefined ? undefined : elementAt(profile.root, path)?.binding?.valueSet;
  if (ofProfile !== undefined) return ofProfile;
  const isBase = profile !== undefined || url === baseUrl + (path.split('.')[0] ?? '');
  const name = path.replace(/:[^.]*/g, '');
  return isBase && Object.hasOwn(bindings, name) ? bindings[name]?.[1] : undefined;
}

function elementAt(root: ProfileElement, path: string): ProfileElement | undefined {
  let element: ProfileElement | undefined = root;
  for (const segment of path.split('.').slice(1)) {
    const [name = '', slice] = segment.split(':');
    element = element?.children.get(name);
    if (slice !== undefined) element = element?.slices.get(slice);
  }
  return element;
}
