import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { openBrowser, openWindow, type Window } from '../support/browser.js';
import { type BuiltServer, startBuiltServer } from '../support/server.js';
import { demoPatient, goTo, loadDemo } from './support.js';

let server: BuiltServer;
let browser: Browser;
let window: Window;
let page: Page;
beforeAll(async () => {
  [server, browser] = await Promise.all([startBuiltServer(), openBrowser()]);
  await loadDemo(server, 'r4');
  window = await openWindow(browser);
  page = window.page;
});
afterAll(async () => {
  await window.close();
  await browser.close();
  await server.close();
});

/** Presses Tab until something has the focus, and it is seen to have it. */
async function tabTo(target: Locator, most = 60): Promise<void> {
  await target.waitFor();
  const focused = target.and(page.locator(':focus-visible'));
  for (let pressed = 0; pressed < most; pressed += 1) {
    await page.keyboard.press('Tab');
    if ((await focused.count()) === 1) return;
  }
  throw new Error(`Tab does not reach it in ${String(most)} steps; the focus is at: ${await focus()}`);
}

const focus = (): Promise<string> => page.evaluate<string>('document.activeElement.outerHTML.slice(0, 300)');

describe('by the keyboard alone', () => {
  test('a person signs in', async () => {
    await page.goto(`${server.url}/#/r4`);
    await tabTo(page.getByRole('button', { name: 'Sign in' }));
    await page.keyboard.press('Enter');
    const user = page.getByRole('radio', { name: /^practitioner / });
    await user.waitFor();
    if (!(await user.isChecked())) await tabTo(page.getByRole('radio', { checked: true }));
    await tabTo(page.getByLabel('Password'));
    await page.keyboard.type('fhir-on-appsync');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Home' }).waitFor();
  });

  test('finds a patient: past the menu, by name, to the record', async () => {
    await tabTo(page.getByRole('link', { name: 'To the content' }));
    await page.keyboard.press('Enter');
    await tabTo(page.getByRole('textbox', { name: 'Find a patient' }), 1);
    await page.keyboard.type('harland508 lemke654');
    await page.keyboard.press('Enter');
    await page.getByText('1 found').waitFor();
    await tabTo(page.getByRole('link', { name: /Lemke654/ }));
    await page.keyboard.press('Enter');
    await page.getByText('Latest findings').waitFor();
  });

  test('goes through the record: its parts, its timeline by type, an entry of it', async () => {
    await tabTo(page.getByRole('link', { name: 'Timeline' }));
    await page.keyboard.press('Enter');
    await tabTo(page.getByRole('button', { name: /^Immunization / }));
    await page.keyboard.press('Space');
    await page.locator('button[aria-pressed=true]').getByText('Immunization').waitFor();
    await tabTo(
      page
        .getByRole('list', { name: /^Timeline/ })
        .getByRole('link')
        .first(),
    );
    await page.keyboard.press('Enter');
    await page.waitForURL(/Immunization\//);
    await page.getByText('Vaccine code').waitFor();
  });

  test('builds a search: parameter and comparison from their lists', async () => {
    await goTo(page, '#/r4/Observation');
    await tabTo(page.getByRole('combobox', { name: 'Parameter' }));
    await page.keyboard.type('value-quan');
    await page.getByRole('option', { name: /^value-quantity/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await tabTo(page.getByRole('combobox', { name: 'Comparison' }), 3);
    await page.keyboard.type('after');
    await tabTo(page.getByRole('textbox', { name: 'Value' }), 1);
    await page.keyboard.type('120');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=value-quantity%3Dgt120/);
  });

  test('edits JSON and leaves the editor again; a dialog holds the focus, and gives it back', async () => {
    await goTo(page, `#/r4/Patient/${demoPatient}?tab=json`);
    await page.getByText('"resourceType"').waitFor();
    await tabTo(page.getByRole('button', { name: 'Delete' }));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('alertdialog', { name: 'Delete this Patient?' });
    await tabTo(dialog.getByRole('button', { name: 'Delete' }), 3);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Delete' }).and(page.locator(':focus')).waitFor();
    await tabTo(page.getByRole('textbox', { name: 'Patient as JSON' }), 8);
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' ');
    await page.getByText('not saved').waitFor();
    await page.keyboard.press('Shift+Tab');
    expect(await page.getByRole('textbox', { name: 'Patient as JSON' }).and(page.locator(':focus')).count()).toBe(0);
  });

  test('runs a query of GraphQL and leaves its editor', async () => {
    await goTo(page, '#/r4/graphql');
    await page.getByRole('textbox', { name: 'Query', exact: true }).waitFor();
    await tabTo(page.getByRole('button', { name: 'Past the fields, to the query' }));
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Query', exact: true }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('textbox', { name: 'Answer' }).getByText('"Lemke654"').waitFor();
    await tabTo(page.getByRole('button', { name: 'Headers' }), 4);
    expect(window.complaints).toEqual([]);
  });
});
