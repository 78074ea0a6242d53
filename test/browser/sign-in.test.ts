import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { openBrowser, openWindow, screenshot, signIn } from './support/browser.js';
import { type BuiltServer, startBuiltServer } from './support/server.js';

let server: BuiltServer;
let browser: Browser;
let application: Server;
beforeAll(async () => {
  [server, browser] = await Promise.all([startBuiltServer(), openBrowser()]);
  application = createServer((_, response) => response.end('back')).listen(0, '127.0.0.1');
  await once(application, 'listening');
});
afterAll(async () => {
  await browser.close();
  application.close();
  await server.close();
});

test.each([
  [
    'an application of this machine',
    () => `http://127.0.0.1:${String((application.address() as AddressInfo).port)}/callback`,
  ],
  ['a page of the server, which speaks https', () => `${server.url}/`],
])('who signs in by the page is led back with a code: to %s', async (_, place) => {
  const { page, ...window } = await openWindow(browser);
  const back = place();
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'fhir-on-appsync-console',
    redirect_uri: back,
    scope: 'openid profile',
    state: 'kept',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', // of RFC 7636
    code_challenge_method: 'S256',
  });
  await page.goto(`${server.url}/sign-in/oauth2/authorize?${query.toString()}`);
  await screenshot(page, 'sign-in');
  await signIn(page, 'practitioner');
  await page.waitForURL(`${back}?*`);
  const { searchParams } = new URL(page.url());
  expect([searchParams.get('state'), searchParams.get('code')?.length]).toEqual(['kept', expect.any(Number)]);
  expect(window.complaints).toEqual([]);
  await window.close();
});
