import { Readable } from 'node:stream';
import type { ContentStore } from '../../persistence/content-store.js';
import type { FhirWorksContent } from '../../persistence/s3/fhir-works-binaries.js';

/** How long an upload may take, in milliseconds. */
const uploadLife = 3_600_000;

/**
 * Puts a content into the store of contents, in a stream: into its folder, or to the URL that S3 takes it at.
 * @throws Error when it is not taken.
 */
export async function putContent(
  contents: ContentStore,
  path: string,
  contentType: string,
  content: FhirWorksContent,
): Promise<void> {
  const stream = await content.open();
  if (contents.files !== undefined) {
    await contents.files.write(path, stream);
    return;
  }
  const expires = Date.now() + uploadLife;
  const url = await contents.uploadUrl({ path, contentType, expires, baseUrl: '' });
  const { ok, status } = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': contentType, 'content-length': String(content.size) },
    body: Readable.toWeb(stream) as ReadableStream,
    duplex: 'half',
  });
  if (!ok) throw new Error(`its content is not taken (${String(status)})`);
}
