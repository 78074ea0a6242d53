import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser, openWindow, screenshot, signIn, type Window } from '../support/browser.js';
import { type BuiltServer, startBuiltServer } from '../support/server.js';
import { demoPatient, goTo, loadDemo, openConsole, seriousFindings } from './support.js';

let server: BuiltServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startBuiltServer({ AUDIT: 'on' }), openBrowser()]);
  await loadDemo(server, 'r4', 'stu3');
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

const patient = `#/r4/Patient/${demoPatient}`;

/** Each page, and what stands on it when it is there. */
const pages: readonly (readonly [name: string, address: string, shows: string])[] = [
  ['home', '#/r4', 'Immunization'],
  ['home-stu3', '#/stu3', 'Immunization'],
  ['access', '#/r4/access', 'What you may do'],
  ['search', '#/r4/Observation?q=code%3D8302-2%26_sort%3D-date', '10 found'],
  ['nothing-found', '#/r4/Patient?q=name%3Dnobody', 'Nothing matches'],
  ['overview', patient, 'Latest findings'],
  ['timeline', `${patient}?tab=timeline`, 'Immunization'],
  ['charts', `${patient}?tab=charts&code=8302-2`, '88.9 cm'],
  ['details', `${patient}?tab=details`, 'Marital status'],
  ['json', `${patient}?tab=json`, '"resourceType"'],
  ['history', `${patient}?tab=history`, 'There is one version'],
  ['links', `${patient}?tab=links`, 'How many'],
  ['graph', `${patient}?tab=graph`, 'by patient, subject'],
  ['new', '#/r4/new/Patient', '"resourceType"'],
  ['graphql', '#/r4/graphql', 'PatientList'],
  ['rest', '#/r4/rest', 'No request was sent yet'],
  ['live', '#/r4/live', 'listening'],
  ['jobs', '#/r4/jobs', 'There are no jobs'],
  ['audit', '#/r4/audit?outcome=0', 'practitioner'],
];

/** What axe looks at is the same in each look, but colours, and what scrolls or is as large as a finger. */
const looks: readonly (readonly [name: string, options: BrowserContextOptions, rules?: readonly string[]])[] = [
  ['light', {}],
  ['dark', { colorScheme: 'dark' }, ['color-contrast']],
  [
    'phone',
    { viewport: { width: 390, height: 844 } },
    ['scrollable-region-focusable', 'color-contrast', 'target-size', 'label', 'button-name', 'link-name'],
  ],
];

/** Whether something stands beside the page's edge. */
const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');

describe.each(looks)('the console, %s:', (look, options, rules) => {
  let window: Window;
  beforeAll(async () => {
    window = await openConsole(browser, server, 'practitioner', options);
  });
  afterAll(() => window.close());

  test.each(pages)(
    '%s shows what it is about, fits, says nothing wrong, and axe finds nothing serious',
    async (name, address, shows) => {
      const { page, complaints } = window;
      await goTo(page, address);
      await page.locator('#content').getByText(shows).first().waitFor();
      await screenshot(page, `console-${name}-${look}`);
      expect(await seriousFindings(page, rules)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      expect(complaints).toEqual([]);
    },
  );
});

describe('before anybody signs in', () => {
  test('the console says what is where, to axe as well, and what it was opened for is there after signing in', async () => {
    const { page, ...window } = await openWindow(browser);
    await page.goto(`${server.url}/${patient}?tab=details`);
    await page.getByText(`${server.url}/stu3/graphql`).waitFor();
    await screenshot(page, 'console-landing-light');
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await signIn(page, 'practitioner');
    await page.getByRole('heading', { name: /Lemke654/ }).waitFor();
    expect(new URL(page.url()).hash).toBe(`${patient}?tab=details`);
    expect(new URL(page.url()).search).toBe('');
    expect(window.complaints).toEqual([]);
    await window.close();
  });

  test('a page without scripts says it as well', async () => {
    const { page, ...window } = await openWindow(browser, { javaScriptEnabled: false });
    await page.goto(`${server.url}/`);
    await page.getByRole('link', { name: 'What is where on this server' }).click();
    await page.getByText(`${server.url}/r4/graphql`).first().waitFor();
    await window.close();
  });

  test('the first page is at most 350 KB, and what comes with it is from this server alone', async () => {
    const { page, ...window } = await openWindow(browser);
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(request.url()));
    await page.goto(`${server.url}/`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(asked.filter((url) => !url.startsWith(server.url))).toEqual([]);
    const sent = asked.map((url) => {
      const file = `dist/console${new URL(url).pathname === '/' ? '/index.html' : new URL(url).pathname}`;
      return existsSync(`${file}.gz`) ? statSync(`${file}.gz`).size : existsSync(file) ? statSync(file).size : 0;
    });
    expect(sent.filter((size) => size > 0).length).toBeGreaterThan(3);
    expect(sent.reduce((sum, size) => sum + size, 0)).toBeLessThan(350 * 1024);
    await window.close();
  });

  test('no script may stand in the page, and none does', async () => {
    const { page, ...window } = await openWindow(browser);
    const policy = (await page.goto(`${server.url}/`))?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(readFileSync('dist/console/index.html', 'utf8')).not.toMatch(/<script(?![^>]* src=)|\son\w+=/);
    await window.close();
  });
});
