import type { FhirDefinitions } from './definitions.js';
import { nearest } from './nearest.js';
import { parseReference } from './reference.js';
import { idPattern } from './resource.js';

/** A Reference that does not say what it should: where, and why, to be put after the place. */
interface ReferenceFault {
  readonly below: 'reference' | 'type';
  readonly why: string;
}

/** What is around a reference that tells what it points at. */
export interface ReferenceSurroundings {
  /** The type of the contained resource of an id; of the resource itself for ''. */
  containedType(id: string): string | undefined;
  /** The type of the entry of a fullUrl. */
  entryType(fullUrl: string): string | undefined;
}

const definitionsBase = 'http://hl7.org/fhir/StructureDefinition/';
/** How a URL with a scheme begins; what begins otherwise is relative. https://www.rfc-editor.org/rfc/rfc3986#section-3.1 */
const scheme = /^[a-z][a-z0-9+.-]*:/i;

const versionPart = /\/_history\/[^/]+$/;

const clipped = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/**
 * Checks what a Reference points at, as far as its text tells: a relative one is `Type/id`, with or without a version, of a
 * type that there is, or criteria of one; what it points at is of a type that the element allows.
 * https://hl7.org/fhir/R4/references.html#literal docs/adr/0089-what-references-may-name.md
 * @param value the Reference, its structure looked at before.
 * @param targets the types the element allows; any without it.
 * @returns what is wrong with it; undefined when nothing is, or nothing can be told.
 */
export function referenceFault(
  definitions: FhirDefinitions,
  value: Readonly<Record<string, unknown>>,
  targets: ReadonlySet<string> | undefined,
  around: ReferenceSurroundings,
): ReferenceFault | undefined {
  const { reference: text, type } = value;
  if (typeof text !== 'string') return typeFault(definitions, type, undefined, targets);
  if (type === undefined && targets !== undefined && isPlain(text, targets)) return undefined;
  const { structures } = definitions;
  const parsed = parseReference(text);
  let named: string | undefined;
  switch (parsed.kind) {
    case 'relative':
    case 'conditional':
      if (!structures.isResourceType(parsed.type)) {
        const near = nearest(parsed.type, definitions.resourceTypes);
        const meant = near === undefined ? '' : `; did you mean ${near}?`;
        const why = `names the type ${parsed.type.slice(0, 80)}, which FHIR ${definitions.version} does not have${meant}`;
        return { below: 'reference', why };
      }
      named = parsed.type;
      break;
    case 'absolute':
      // On another server, or of another version of FHIR, there may be other types.
      named = structures.isResourceType(parsed.type) ? parsed.type : undefined;
      break;
    case 'fragment':
      named = around.containedType(parsed.id);
      break;
    case 'urn':
    case 'other':
      named = around.entryType(text.replace(versionPart, ''));
      if (named === undefined && !scheme.test(text)) {
        const why = `must be a URL, "#" and the id of a contained resource, or [type]/[id] such as Patient/1; it is ${clipped(text)}`;
        return { below: 'reference', why };
      }
  }
  if (named !== undefined && targets?.has(named) === false) {
    return { below: 'reference', why: `refers to a ${named}; allowed: ${[...targets].join(', ')}` };
  }
  return typeFault(definitions, type, named, targets);
}

/** The most frequent cases, without a look at more: `Type/id` and `Type?…` of an allowed type. */
function isPlain(text: string, targets: ReadonlySet<string>): boolean {
  const slash = text.indexOf('/');
  const mark = text.lastIndexOf('?', slash < 0 ? text.length : slash);
  if (mark > 0) return targets.has(text.slice(0, mark));
  return slash > 0 && targets.has(text.slice(0, slash)) && idPattern.test(text.slice(slash + 1));
}

/**
 * What `Reference.type` (R4) says must be what the reference points at, and allowed. Types that are none of the version's
 * resource types, such as those of logical models, tell nothing. https://hl7.org/fhir/R4/references-definitions.html#Reference.type
 */
function typeFault(
  { structures }: FhirDefinitions,
  type: unknown,
  named: string | undefined,
  targets: ReadonlySet<string> | undefined,
): ReferenceFault | undefined {
  if (typeof type !== 'string') return undefined;
  const said = type.startsWith(definitionsBase) ? type.slice(definitionsBase.length) : type;
  if (!structures.isResourceType(said)) return undefined;
  if (named !== undefined && named !== said) {
    return { below: 'type', why: `says ${said}, and the reference is to a ${named}` };
  }
  if (targets?.has(said) !== false) return undefined;
  return { below: 'type', why: `says ${said}; allowed: ${[...targets].join(', ')}` };
}
