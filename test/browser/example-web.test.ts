import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { accessibilityProblems } from './support/accessibility.js';
import { openBrowser, openWindow, screenshot, signIn, type Window } from './support/browser.js';
import { type BuiltServer, startBuiltServer } from './support/server.js';

let server: BuiltServer;
let browser: Browser;
let application: Server;
let url: string;
const windows: Window[] = [];

/** The built example at an address of its own, told where the server is. */
async function serveExample(): Promise<Server> {
  const app = express();
  app.get('/config.json', (_, response) => {
    response.json({
      graphql: `${server.url}/r4/graphql`,
      fhir: `${server.url}/r4`,
      region: 'us-east-1',
      signIn: { authority: `${server.url}/sign-in`, clientId: 'fhir-on-appsync-console' },
    });
  });
  app.use(express.static('examples/web/dist'));
  const listening = app.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return listening;
}

const patient = (id: string, family: string, more: object = {}): object => ({
  resourceType: 'Patient',
  id,
  name: [
    { use: 'usual', given: ['Nobody'] },
    { use: 'official', family, given: ['Ann', 'Mary'] },
  ],
  gender: 'female',
  ...more,
});
const put = (id: string, family: string, more?: object): Promise<unknown> =>
  server.send('PUT', `/r4/Patient/${id}`, patient(id, family, more));

beforeAll(async () => {
  [server, browser] = await Promise.all([startBuiltServer(), openBrowser()]);
  application = await serveExample();
  url = `http://127.0.0.1:${String((application.address() as AddressInfo).port)}/`;
  await put('there', 'Chalmers', { birthDate: '1974-12', address: [{ city: 'Pleasantville' }] });
});
afterAll(async () => {
  for (const window of windows) await window.close();
  await browser.close();
  application.closeAllConnections();
  application.close();
  await server.close();
});

/** A window in which a practitioner has signed in and sees the list. */
async function signedIn(options?: Parameters<typeof openWindow>[1]): Promise<Window> {
  const window = await openWindow(browser, options);
  windows.push(window);
  const { page } = window;
  await page.goto(url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await signIn(page, 'practitioner');
  await isLive(page);
  return window;
}

const isLive = (page: Page): Promise<void> => page.getByRole('status').getByText('Live', { exact: true }).waitFor();
const link = (page: Page, name: string) => page.getByRole('link', { name });

test('the list shows what REST creates, changes and deletes, without a reload', async () => {
  const { page, complaints } = await signedIn();
  await link(page, 'Chalmers, Ann Mary').waitFor();
  await screenshot(page, 'example-list');
  expect(await accessibilityProblems(page)).toEqual([]);
  await put('live', 'Windsor');
  await link(page, 'Windsor, Ann Mary').waitFor();
  await put('live', 'Tudor');
  await link(page, 'Tudor, Ann Mary').waitFor();
  await link(page, 'Windsor, Ann Mary').waitFor({ state: 'detached' });
  await server.send('DELETE', '/r4/Patient/live');
  await link(page, 'Tudor, Ann Mary').waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
});

test('a break is caught up with when the server is there again', async () => {
  const { page } = await signedIn();
  await link(page, 'Chalmers, Ann Mary').waitFor();
  await page.context().setOffline(true);
  await put('missed', 'Missed');
  await page.context().setOffline(false);
  await server.stop(); // the connection ends; Amplify comes back by itself
  await server.start();
  await link(page, 'Missed, Ann Mary').waitFor();
  await put('later', 'Later');
  await link(page, 'Later, Ann Mary').waitFor();
});

test('patients are found by name, and the address says so', async () => {
  await put('found', 'Featherstone');
  const { page } = await signedIn();
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('feath');
  await link(page, 'Chalmers, Ann Mary').waitFor({ state: 'detached' });
  expect(await page.getByRole('row').count()).toBe(2);
  expect(page.url()).toContain('?name=feath');
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('nobody of this name');
  await page.getByText('Nobody is called').waitFor();
});

test('a patient is created, changed without losing what the form does not know, and deleted', async () => {
  const { page, complaints } = await signedIn({ colorScheme: 'dark' });
  await link(page, 'New patient').click();
  await page.getByLabel('Family name').fill('Newman');
  await page.getByLabel('Given names').fill('Paul  Leonard');
  await page.getByLabel('Gender').selectOption('male');
  await page.getByLabel('Born').fill('1925-01-26');
  await screenshot(page, 'example-form-dark');
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Newman, Paul Leonard' }).waitFor();
  await page.getByText('Nothing has been observed yet').waitFor();

  await link(page, 'Patients').click();
  await link(page, 'Chalmers, Ann Mary').click();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByLabel('Family name').fill('Changed');
  await page.getByLabel('Born').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Changed, Ann Mary' }).waitFor();
  const changed = await server.send('GET', '/r4/Patient/there');
  expect(changed.json).toMatchObject({
    name: [
      { use: 'usual', given: ['Nobody'] },
      { use: 'official', family: 'Changed', given: ['Ann', 'Mary'] },
    ],
    address: [{ city: 'Pleasantville' }],
  });
  expect(changed.json).not.toHaveProperty('birthDate');

  page.on('dialog', (dialog) => void dialog.accept());
  await page.getByRole('button', { name: 'Delete' }).click();
  await link(page, 'New patient').waitFor();
  await expect(server.send('GET', '/r4/Patient/there')).rejects.toThrow('410');
  expect(complaints).toEqual([]);
});

test('a page of a patient shows observations as they come; a change of what somebody else changed is refused', async () => {
  await put('observed', 'Observed');
  const { page } = await signedIn({ viewport: { width: 390, height: 844 } });
  await link(page, 'Observed, Ann Mary').click();
  await page.getByText('Nothing has been observed yet').waitFor();
  await isLive(page);
  await server.send('POST', '/r4/Observation', {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'Body weight' },
    subject: { reference: 'Patient/observed' },
    effectiveDateTime: '2026-01-02T03:04:05Z',
    valueQuantity: { value: 72.50, unit: 'kg' }, // prettier-ignore
  });
  await page.getByRole('row', { name: '2026-01-02 Body weight 72.5 kg' }).waitFor();
  await screenshot(page, 'example-patient-phone');
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Edit' }).click();
  await put('observed', 'Elsewhere');
  await page.getByLabel('Family name').fill('Here');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText('Somebody else has changed').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('heading', { name: 'Elsewhere, Ann Mary' }).waitFor();
});

test('a token that has ended is renewed by its refresh token, and nobody notices', async () => {
  const { page, complaints } = await signedIn();
  await page.evaluate(`for (const key of Object.keys(sessionStorage).filter((each) => each.startsWith('oidc.user:'))) {
    sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(sessionStorage.getItem(key)), expires_at: 1 }));
  }`);
  const renewed = page.waitForResponse((response) => response.url().endsWith('/oauth2/token'));
  await put('renewed', 'Renewed'); // the change makes the page read
  expect((await renewed).request().postData()).toContain('grant_type=refresh_token');
  await link(page, 'Renewed, Ann Mary').waitFor();
  expect(complaints).toEqual([]);
});

test('who signs out sees nothing any more', async () => {
  const { page, complaints } = await signedIn();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${url}**`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(await page.evaluate('Object.keys(sessionStorage).filter((key) => key.startsWith("oidc.user:"))')).toEqual([]);
  expect(complaints).toEqual([]);
});
