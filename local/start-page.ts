import type { FhirVersion } from '../fhir/version.js';
import { fhirVersionNumbers } from '../fhir/version.js';
import { escapeHtml, renderPage } from './page.js';
import { signInIssuer } from './sign-in/sign-in.js';
import { demoPatientId, localUsers } from './sign-in/users.js';

/** What the start page is told by the server. */
export interface StartPageValues {
  /** The URL by which clients know the server, no slash at the end. */
  readonly baseUrl: string;
  readonly auth: 'on' | 'off';
  readonly versions: readonly FhirVersion[];
}

const link = (url: string, query = ''): string =>
  `<a href="${escapeHtml(url + query)}"><code>${escapeHtml(url)}</code></a>`;
const address = (url: string): string => `<code>${escapeHtml(url)}</code>`;
const shell = (...lines: string[]): string =>
  `<pre><code>${lines.map((line) => escapeHtml(line)).join('\n')}</code></pre>`;

function place(baseUrl: string, version: FhirVersion): string {
  const base = `${baseUrl}/${version}`;
  return `<section class="place">
<h3>FHIR ${version.toUpperCase()} <span class="soft">(${fhirVersionNumbers[version]})</span></h3>
<dl>
<dt>REST</dt><dd>${address(base)}</dd>
<dt>GraphQL</dt><dd>${address(`${base}/graphql`)}</dd>
<dt>Abilities</dt><dd>${link(`${base}/metadata`, '?_pretty=true')}</dd>
</dl>
</section>`;
}

function signInSection(baseUrl: string): string {
  const users = localUsers.map(
    ({ username, description }) => `<dt><code>${escapeHtml(username)}</code></dt><dd>${escapeHtml(description)}</dd>`,
  );
  return `<h2>Sign in</h2>
<p>Every request but <code>metadata</code> needs an access token. In the project’s folder:</p>
${shell('TOKEN=$(npm run -s token -- practitioner)')}
<dl>
${users.join('\n')}
</dl>
<p>Applications sign in with OpenID Connect (authorization code and PKCE): ${link(`${signInIssuer(baseUrl)}/.well-known/openid-configuration`)}</p>`;
}

const openSection = `<h2>Sign in</h2>
<p class="warning">Sign-in is off (<code>AUTH=off</code>): who reaches this server reads and writes everything.</p>`;

/**
 * The page at `/` of the embedded server: what is where, and the first things to try.
 * @param values what the server knows about itself.
 * @returns the HTML document; it goes out with `pageHeaders()`.
 */
export function renderStartPage(values: StartPageValues): string {
  const { baseUrl, auth, versions } = values;
  const [version = 'r4'] = versions;
  const base = `${baseUrl}/${version}`;
  const token = auth === 'on' ? ' -H "Authorization: Bearer $TOKEN"' : '';
  const query = `{ Patient(id: \\"${demoPatientId}\\") { name { family given } birthDate } }`;
  return renderPage(
    'fhir-on-appsync',
    `<header>
<h1>fhir-on-appsync</h1>
<p class="soft">A FHIR server with two faces, REST and GraphQL, on this machine.</p>
</header>
<main>
<h2>What is where</h2>
<div class="places">
${versions.map((each) => place(baseUrl, each)).join('\n')}
</div>
${auth === 'on' ? signInSection(baseUrl) : openSection}
<h2>A patient to look at</h2>
<p>Loads one synthetic patient, with everything about them, in R4 and in STU3:</p>
${shell('npm run demo')}
<h2>First request</h2>
${shell(`curl -s${token} \\`, `  "${base}/Patient/${demoPatientId}?_pretty=true"`)}
${shell(`curl -s${token} \\`, `  "${base}/Observation?patient=${demoPatientId}&_sort=-date&_count=3&_pretty=true"`)}
<h2>First GraphQL query</h2>
${shell(`curl -s${token} -H "Content-Type: application/json" \\`, `  ${base}/graphql -d '{"query":"${query}"}'`)}
</main>`,
  );
}
