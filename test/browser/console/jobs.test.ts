import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, screenshot, type Window } from '../support/browser.js';
import { type BuiltServer, startBuiltServer } from '../support/server.js';
import { goTo, openConsole, seriousFindings } from './support.js';

const lines = (...resources: readonly object[]): string =>
  resources.map((each) => `${JSON.stringify(each)}\n`).join('');
const patients = Array.from({ length: 120 }, (_, place) => ({
  resourceType: 'Patient',
  id: `imported-${String(place)}`,
  name: [{ family: 'Imported' }],
}));
const files = new Map([
  ['/in/patients.ndjson', lines(...patients, { resourceType: 'Patient', id: 'wrong', gender: 'woman' })],
]);

let server: BuiltServer;
let browser: Browser;
let web: Server;
let sources: string;
/** The answers of a file that never ends. */
const endless = new Set<ServerResponse>();
beforeAll(async () => {
  web = createServer(({ url = '' }, response) => {
    const text = files.get(url);
    if (url === '/in/endless.ndjson') {
      endless.add(response);
      response.on('close', () => endless.delete(response));
      response.writeHead(200).write(lines({ resourceType: 'Patient', id: 'first-of-many' }));
    } else response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  sources = `http://127.0.0.1:${String((web.address() as AddressInfo).port)}/in/`;
  [server, browser] = await Promise.all([startBuiltServer({ IMPORT_SOURCES: sources }), openBrowser()]);
});
afterAll(async () => {
  web.closeAllConnections();
  web.close();
  await browser.close();
  await server.close();
});

/** Fills the form and sends it. */
async function beginImport(page: Page, url: string): Promise<void> {
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByRole('combobox', { name: 'Type of file 1' }).fill('Patient');
  await page.getByRole('textbox', { name: 'URL of file 1' }).fill(url);
  await page.getByRole('button', { name: 'Begin the import' }).click();
}

describe('who may write imports', () => {
  let window: Window;
  let page: Page;
  beforeAll(async () => {
    window = await openConsole(browser, server, 'practitioner', { at: '#/r4/jobs' });
    page = window.page;
  });
  afterAll(() => window.close());

  test('a file from elsewhere than the sources is refused in words, and the form stays as it was', async () => {
    await beginImport(page, 'http://127.0.0.1:9/elsewhere/patients.ndjson');
    await page.getByRole('alert').getByText('IMPORT_SOURCES').waitFor();
    await screenshot(page, 'console-import-refused-light');
    expect(await page.getByRole('textbox', { name: 'URL of file 1' }).inputValue()).toMatch(/elsewhere/);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
  });

  test('an import tells how many were stored, and gives the lines that were not to be downloaded', async () => {
    await beginImport(page, `${sources}patients.ndjson`);
    await page.getByText('complete', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Files' }).click();
    await page.getByText('120 stored').waitFor();
    await page.getByText('what went wrong').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^Download / }).click(),
    ]);
    expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error' }],
    });
    await screenshot(page, 'console-import-light');
    expect(await seriousFindings(page)).toEqual([]);
    await goTo(page, '#/r4/Patient?q=name%3Dimported');
    await page.getByText('120 found').waitFor();
  });

  test('an import under way shows how far it is, and ends when it is cancelled', async () => {
    await goTo(page, '#/r4/jobs');
    await beginImport(page, `${sources}endless.ndjson`);
    await page.getByRole('progressbar', { name: 'How much of the import is done' }).waitFor();
    await page.getByText('under way', { exact: true }).waitFor();
    await screenshot(page, 'console-job-under-way-light');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('What it has stored stays stored.').waitFor();
    await screenshot(page, 'console-cancel-light');
    await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByText('under way', { exact: true }).waitFor({ state: 'detached' });
    expect((await server.send('GET', '/r4/_jobs')).json).toMatchObject({ jobs: [{ state: 'complete' }] });
  });
});

test('an operator makes the index anew, of all or of some types, and is told what is indexed', async () => {
  const { page, ...window } = await openConsole(browser, server, 'operator', { at: '#/r4/jobs' });
  expect(await page.getByRole('button', { name: 'Import', exact: true }).count()).toBe(0);
  await page.getByRole('button', { name: 'Reindex', exact: true }).click();
  await page.getByRole('combobox', { name: 'Types' }).fill('Patie');
  await page.getByRole('option', { name: 'Patient', exact: true }).click();
  await page.getByRole('button', { name: 'Make the index anew' }).click();
  await page.getByText('complete', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Result' }).click();
  await page.getByText(/^12\d resources and 0 deletions are indexed/).waitFor();
  await screenshot(page, 'console-reindex-light');
  expect(window.complaints).toEqual([]);
  await window.close();
});
