import { parseJson } from '../fhir/json.js';
import { notFound } from '../fhir/outcome.js';
import { keyText, type Resource } from '../fhir/resource.js';
import type { Tenant } from '../fhir/tenant.js';
import type { FhirVersion } from '../fhir/version.js';
import { tenantPath } from '../persistence/body-store.js';
import type { ContentTerms } from '../persistence/content-store.js';
import type { StoredVersion } from '../persistence/resource-store.js';
import type { FhirServer } from './server.js';

/** The element that holds a Binary's content in base64. https://hl7.org/fhir/R4/binary.html https://hl7.org/fhir/STU3/binary.html */
export const contentElement = (version: FhirVersion): 'data' | 'content' => (version === 'stu3' ? 'content' : 'data');

/** How long the URLs of a content count, in milliseconds, as in FHIR Works on AWS. */
const urlLifetime = 300_000;

/**
 * A Binary's members that are no elements of it, as FHIR Works on AWS has them: URLs of its content, for a while. They
 * are answered, never stored.
 */
const urlMembers = ['presignedPutUrl', 'presignedGetUrl'] as const;
type UrlMember = (typeof urlMembers)[number];

/** What content a version of a Binary has. */
export type BinaryContent =
  /** In the resource itself, in base64. */
  | { readonly kind: 'inline'; readonly contentType: string; readonly bytes: () => Buffer }
  /** In the store of contents; absent until it was uploaded. */
  | { readonly kind: 'stored'; readonly contentType: string; readonly path?: string };

/** A Binary as it is stored: without the URLs that an answer had. */
export function withoutUrls(resource: Resource): Resource {
  if (resource.resourceType !== 'Binary' || !urlMembers.some((name) => Object.hasOwn(resource, name))) return resource;
  const kept = Object.entries(resource).filter(([name]) => !urlMembers.some((each) => each === name));
  return Object.fromEntries(kept) as unknown as Resource;
}

/**
 * A Binary as it is checked: one without content has it come by URL, where there is a store of contents. STU3 asks for
 * the element, which then says nothing.
 */
export const asChecked = (server: FhirServer, resource: Resource): Resource =>
  server.definitions.version === 'stu3' &&
  server.contents !== undefined &&
  resource.resourceType === 'Binary' &&
  !Object.hasOwn(resource, 'content') &&
  !Object.hasOwn(resource, '_content')
    ? Object.assign({}, resource, { content: 'AA==' })
    : resource;

/** Where the content of a version is that came by URL: no two versions share one. */
export const contentPath = (tenant: Tenant, { id, versionId }: Pick<StoredVersion, 'id' | 'versionId'>): string =>
  `${tenantPath(tenant)}/Binary/${id}~${String(versionId)}`;

/**
 * The media type that a Binary's content is sent by. FHIR's codes may have line breaks and letters that no header can:
 * such a content is bytes of no known type.
 */
const mediaTypeOf = ({ contentType }: Resource & { readonly contentType?: unknown }): string =>
  typeof contentType === 'string' && /^[\x20-\x7e]{1,1000}$/.test(contentType)
    ? contentType
    : 'application/octet-stream';

/**
 * The content of a version of a Binary. One call of the store of contents when it is not in the resource; more for what
 * was patched since.
 * @param version not deleted.
 */
export async function contentOf(server: FhirServer, version: StoredVersion): Promise<BinaryContent> {
  const resource = parseJson(version.body) as Resource;
  const contentType = mediaTypeOf(resource);
  const text = resource[contentElement(server.definitions.version)];
  if (typeof text === 'string') return { kind: 'inline', contentType, bytes: () => Buffer.from(text, 'base64') };
  return { kind: 'stored', contentType, ...(await storedContent(server, version)) };
}

/** Where the content of a version is that has none in itself: a patch leaves it where it was. */
async function storedContent(
  { definitions, tenant, store, contents }: FhirServer,
  version: StoredVersion,
): Promise<{ readonly path?: string }> {
  for (let holder = version; ;) {
    const path = contentPath(tenant, holder);
    if ((await contents?.head(path)) !== undefined) return { path };
    const before = holder.method === 'PATCH' ? await store.vread(holder, holder.versionId - 1) : undefined;
    if (before === undefined || before.deleted) return {};
    if (Object.hasOwn(parseJson(before.body) as Resource, contentElement(definitions.version))) return {};
    holder = before;
  }
}

/**
 * A URL to fetch the content of a version from without a token, for some minutes.
 * @throws OperationOutcomeError 404 when there is no content.
 */
export async function downloadUrl(
  server: FhirServer,
  baseUrl: string,
  version: StoredVersion,
  content: BinaryContent,
): Promise<string> {
  if (content.kind === 'inline' || content.path === undefined || server.contents === undefined) {
    throw notFound(`The content of ${keyText(version)}, which was never uploaded,`);
  }
  return server.contents.downloadUrl(termsOf(server, baseUrl, content.path, content.contentType));
}

/**
 * The JSON text of a Binary that was just written: with a URL to put its content to, when it has none.
 * @see https://github.com/aws-solutions/fhir-works-on-aws
 */
export async function writtenBody(server: FhirServer, baseUrl: string, version: StoredVersion): Promise<string> {
  const content = server.contents && (await contentOf(server, version));
  if (server.contents === undefined || content?.kind !== 'stored' || content.path !== undefined) return version.body;
  const terms = termsOf(server, baseUrl, contentPath(server.tenant, version), content.contentType);
  return withUrl(version.body, 'presignedPutUrl', await server.contents.uploadUrl(terms));
}

/** The JSON text of a Binary that was read: with a URL to get its content from, when it came by URL. */
export async function withDownload(
  server: FhirServer,
  baseUrl: string,
  version: StoredVersion,
  body: string,
): Promise<string> {
  const content = server.contents && (await contentOf(server, version));
  return content?.kind === 'stored' && content.path !== undefined
    ? withUrl(body, 'presignedGetUrl', await downloadUrl(server, baseUrl, version, content))
    : body;
}

const termsOf = (server: FhirServer, baseUrl: string, path: string, contentType: string): ContentTerms => ({
  path,
  contentType,
  expires: server.now() + urlLifetime,
  baseUrl,
});

/** @param body the JSON text of an object that is not empty. */
const withUrl = (body: string, member: UrlMember, url: string): string =>
  `${body.slice(0, body.lastIndexOf('}'))},"${member}":${JSON.stringify(url)}}`;
