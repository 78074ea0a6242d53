import { type Request, type Response, Router } from 'express';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consoleFileType, keptForLong } from '../compose/console/files.js';
import { consolePolicy } from '../compose/console/policy.js';
import type { ConsoleSettings } from '../compose/console/settings.js';
import { fhirVersionNumbers, fhirVersions } from '../fhir/version.js';
import { pageHeaders } from './page.js';
import { projectFolder } from './project-folder.js';
import { consoleClientId, localScopes } from './sign-in/access-token.js';
import { signInPath } from './sign-in/sign-in.js';
import { demoPatientId, localUsers } from './sign-in/users.js';

/**
 * The console's settings on the embedded server. Addresses are relative: by whatever name a browser reaches the server,
 * the console asks the same one.
 */
export const consoleSettings = (auth: 'on' | 'off'): ConsoleSettings => ({
  apis: fhirVersions.map((version) => ({
    version,
    number: fhirVersionNumbers[version],
    rest: version,
    graphql: `${version}/graphql`,
  })),
  ...(auth === 'on'
    ? { signIn: { authority: signInPath.slice(1), clientId: consoleClientId, scope: localScopes } }
    : {}),
  local: {
    users: auth === 'on' ? localUsers.map(({ username, description }) => ({ username, description })) : [],
    demoPatient: demoPatientId,
  },
});

const documentHeaders = (): Record<string, string> => ({
  ...pageHeaders(),
  'Content-Security-Policy': consolePolicy(),
});

const fileHeaders = {
  'Cache-Control': keptForLong,
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': consolePolicy(), // of workers it is their own that counts
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Goes out compressed where the build left a compressed file and the browser takes one. */
function sendFile(folder: string, request: Request, response: Response): void {
  const name = String(request.params['name']);
  const type = consoleFileType(name);
  if (type === undefined || !existsSync(join(folder, name))) {
    response.status(404).set(fileHeaders).set('Cache-Control', 'no-store').type('text').send('No such file\n');
    return;
  }
  const compressed = `${name}.gz`;
  const isCompressed = request.acceptsEncodings('gzip') === 'gzip' && existsSync(join(folder, compressed));
  response.set({ ...fileHeaders, Vary: 'Accept-Encoding', 'Content-Type': type });
  if (isCompressed) response.set('Content-Encoding', 'gzip');
  response.send(readFileSync(join(folder, isCompressed ? compressed : name)));
}

/**
 * The console: one document at `/`, its files below `/console/`, its settings at `/console.json`. Without a built console
 * (`npm run build`) the fallback is at `/`.
 * @param options auth: whether people sign in; fallback: a page that needs no script, kept at `/start`.
 */
export function serveConsole({ auth, fallback }: { auth: 'on' | 'off'; fallback: string }): Router {
  const folder = join(projectFolder(), 'dist/console');
  const index = join(folder, 'index.html');
  const router = Router({ caseSensitive: true, strict: true });
  const start = (_: Request, response: Response): void => {
    response.set(pageHeaders()).send(fallback);
  };
  router.get('/start', start);
  router.get('/', (request, response) => {
    if (!existsSync(index)) {
      start(request, response);
      return;
    }
    response.set(documentHeaders()).send(readFileSync(index, 'utf8'));
  });
  const settings = consoleSettings(auth);
  router.get('/console.json', (_, response) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }).json(settings);
  });
  router.get('/console/:name', (request, response) => {
    sendFile(join(folder, 'console'), request, response);
  });
  return router;
}
