import { parseReference } from '../fhir/reference.js';
import { keyText, type Resource, type ResourceKey } from '../fhir/resource.js';
import type { StructureTable } from '../fhir/structure.js';

/** A text inside a resource of a bundle that points at an entry of the bundle or at search criteria. */
type Link = {
  /** The object or array the text stands in, and under which name. */
  readonly holder: Record<string, unknown>;
  readonly member: string;
  /** The text as the client sent it. */
  readonly text: string;
} & (
  | { readonly kind: 'entry' }
  /** Narrative with links of its own inside. */
  | { readonly kind: 'narrative' }
  | { readonly kind: 'conditional'; readonly type: string; readonly query: string; readonly place: string }
);

/** A conditional reference: `Practitioner?identifier=a|1`. */
export interface ConditionalReference {
  readonly text: string;
  readonly type: string;
  readonly query: string;
  /** FHIRPath of the first place it stands at. */
  readonly place: string;
}

/** What a fullUrl of the bundle stands for in the end. */
export interface LinkTarget extends ResourceKey {
  readonly versionId: number;
}

/**
 * The links between the resources of a transaction, found once and filled in as often as the transaction is tried.
 * Filled in are `Reference.reference`, elements of type uri, url, oid and uuid, and `href` and `src` in narrative;
 * canonicals are not. https://hl7.org/fhir/R4/http.html#trules
 */
export interface BundleLinks {
  readonly conditionals: readonly ConditionalReference[];
  /** References to `urn:uuid:…` and `urn:oid:…` that are the fullUrl of no entry; those of bundles in the bundle are not looked at. */
  readonly dangling: readonly { readonly text: string; readonly place: string }[];
  /**
   * Writes the links into the resources.
   * @param entries what each fullUrl has become; @param conditionals what each conditional reference's text is.
   */
  fill(entries: ReadonlyMap<string, LinkTarget>, conditionals: ReadonlyMap<string, ResourceKey>): void;
}

/**
 * Finds the links in the resources of a bundle. O(size of the resources).
 * @param fullUrls of the entries that resources may point at.
 * @param resources with their entry's fullUrl and the FHIRPath of the resource; `fill` changes them in place.
 */
export function findLinks(
  structures: StructureTable,
  fullUrls: ReadonlySet<string>,
  resources: readonly { readonly resource: Resource; readonly fullUrl?: string | undefined; readonly place: string }[],
): BundleLinks {
  const links: (Link & { readonly base: string | undefined })[] = [];
  const conditionals = new Map<string, ConditionalReference>();
  const dangling: { text: string; place: string }[] = [];
  for (const { resource, fullUrl, place } of resources) {
    const base = fullUrl === undefined ? undefined : baseOf(fullUrl);
    const points = (text: string): boolean => fullUrlOf(fullUrls, base, text) !== undefined;
    walk(resource, [], (holder, member, text, path) => {
      const link = classify(structures, resource, points, { holder, member, text, path, place });
      if (link === undefined) {
        const isUrn = member === 'reference' && /^urn:(?:uuid|oid):/.test(text);
        if (isUrn && !isInBundle(resource, path)) dangling.push({ text, place: fhirPath(place, [...path, member]) });
        return;
      }
      links.push({ ...link, base });
      if (link.kind === 'conditional' && !conditionals.has(text)) conditionals.set(text, link);
    });
  }
  return {
    conditionals: [...conditionals.values()],
    dangling,
    fill(entries, found) {
      for (const { holder, member, text, kind, base } of links) {
        if (kind === 'entry') holder[member] = filled(entries, base, text);
        else if (kind === 'narrative')
          holder[member] = text.replace(
            narrativeLink,
            (whole, before: string, url: string) =>
              whole.slice(0, before.length) + filled(entries, base, url) + whole.slice(before.length + url.length),
          );
        else {
          const key = found.get(text);
          if (key !== undefined) holder[member] = keyText(key);
        }
      }
    },
  };
}

/** Whether a place in a resource is within a Bundle, whose own entries the links there may point at. */
function isInBundle(resource: Resource, path: readonly string[]): boolean {
  let value: unknown = resource;
  for (const name of ['', ...path]) {
    if (name !== '') value = Reflect.get(value as object, name);
    if ((value as { readonly resourceType?: unknown }).resourceType === 'Bundle') return true;
  }
  return false;
}

/** `href="…"` and `src="…"`: what stands before the URL, and the URL. */
const narrativeLink = /(\b(?:href|src)\s*=\s*["'])([^"'<>]+)/g;

function classify(
  structures: StructureTable,
  resource: Resource,
  points: (text: string) => boolean,
  at: { holder: Record<string, unknown>; member: string; text: string; path: readonly string[]; place: string },
): Link | undefined {
  const { holder, member, text, path, place } = at;
  if (member === 'reference') {
    if (points(text)) return { kind: 'entry', holder, member, text };
    const parsed = text.includes('?') ? parseReference(text) : undefined;
    if (parsed?.kind !== 'conditional' || isInBundle(resource, path)) return undefined;
    const { type, query } = parsed;
    return { kind: 'conditional', holder, member, text, type, query, place: fhirPath(place, [...path, member]) };
  }
  if (member === 'div') {
    return [...text.matchAll(narrativeLink)].some(([, , url]) => url !== undefined && points(url))
      ? { kind: 'narrative', holder, member, text }
      : undefined;
  }
  const first = text.charCodeAt(0);
  const mayBeUrl = first === 0x75 || first === 0x68; // urn:… or http…
  return mayBeUrl && points(text) && isUri(structures, resource, [...path, member])
    ? { kind: 'entry', holder, member, text }
    : undefined;
}

/** The fullUrl of the bundle a text points at: itself, or, for a relative reference, below the entry's own base. */
function fullUrlOf(
  fullUrls: { has(text: string): boolean },
  base: string | undefined,
  text: string,
): { fullUrl: string; versioned: boolean } | undefined {
  if (fullUrls.has(text)) return { fullUrl: text, versioned: false };
  const mark = text.indexOf('/_history/');
  const plain = mark < 0 ? text : text.slice(0, mark);
  if (mark >= 0 && fullUrls.has(plain)) return { fullUrl: plain, versioned: true };
  if (base === undefined) return undefined;
  const absolute = `${base}/${plain}`;
  return fullUrls.has(absolute) ? { fullUrl: absolute, versioned: mark >= 0 } : undefined;
}

function filled(entries: ReadonlyMap<string, LinkTarget>, base: string | undefined, text: string): string {
  const found = fullUrlOf(entries, base, text);
  const target = found && entries.get(found.fullUrl);
  if (found === undefined || target === undefined) return text;
  return found.versioned ? `${keyText(target)}/_history/${String(target.versionId)}` : keyText(target);
}

/** The base of a fullUrl that is a URL of a resource on a FHIR server: `http://a/fhir` of `http://a/fhir/Patient/1`. */
function baseOf(fullUrl: string): string | undefined {
  const parsed = parseReference(fullUrl);
  return parsed.kind === 'absolute' ? parsed.base : undefined;
}

/** Calls `visit` for every text in a value with the object or array it stands in, and the names on the way there. */
function walk(
  value: object,
  path: string[],
  visit: (holder: Record<string, unknown>, member: string, text: string, path: readonly string[]) => void,
): void {
  const holder = value as Record<string, unknown>;
  for (const member of Object.keys(holder)) {
    const child = holder[member];
    if (typeof child === 'string') visit(holder, member, child, path);
    else if (typeof child === 'object' && child !== null) {
      path.push(member);
      walk(child, path, visit);
      path.pop();
    }
  }
}

/** `Bundle.entry[3].resource` and `subject`, `reference`, or `basedOn`, `0`, `reference`, as one FHIRPath. */
const fhirPath = (place: string, path: readonly string[]): string =>
  path.reduce((text, name) => (isIndex(name) ? `${text}[${name}]` : `${text}.${name}`), place);

const isIndex = (name: string): boolean => /^[0-9]+$/.test(name);

const uriTypes = new Set(['uri', 'url', 'oid', 'uuid']);

/** Whether the element at this path holds a uri (a canonical is none). Called for the few texts that may be links. */
function isUri(structures: StructureTable, resource: Resource, path: readonly string[]): boolean {
  let value: unknown = resource;
  let type = resource.resourceType;
  for (const name of path) {
    value = Reflect.get(value as object, name);
    if (isIndex(name)) continue;
    const member = structures.members(type).get(name);
    if (member === undefined) return false;
    const inner = typeof value === 'object' && value !== null && 'resourceType' in value ? value.resourceType : '';
    type = typeof inner === 'string' && structures.isResourceType(inner) ? inner : member.type;
  }
  return uriTypes.has(type);
}
