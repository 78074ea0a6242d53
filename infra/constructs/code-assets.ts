import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';

/** The bundles of APPSYNC_JS, as files in S3, each once: a thousand resolvers share a dozen of them. */
export class CodeAssets extends Construct {
  readonly #urls = new Map<string, string>();

  /** The S3 URL of `dist/resolvers/<name>.js`. */
  url(name: string): string {
    const known = this.#urls.get(name);
    if (known !== undefined) return known;
    const path = fileURLToPath(new URL(`../../dist/resolvers/${name}.js`, import.meta.url));
    if (!existsSync(path)) {
      throw new Error(`There is no dist/resolvers/${name}.js: run "npm run build" in the project's folder first`);
    }
    const { s3ObjectUrl } = new Asset(this, name, { path });
    this.#urls.set(name, s3ObjectUrl);
    return s3ObjectUrl;
  }
}
