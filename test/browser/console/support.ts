import axe, { type AxeResults } from 'axe-core';
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openWindow, signIn, type Window } from '../support/browser.js';
import type { BuiltServer } from '../support/server.js';

/** The patient of the demo. */
export const demoPatient = '27f885ac-e93b-6cd5-33cd-c3a0d5e69e0a';

/** Loads the demo's patient. */
export const loadDemo = async (server: BuiltServer, ...versions: readonly ('r4' | 'stu3')[]): Promise<void> => {
  for (const version of versions)
    await server.send('POST', `/${version}`, JSON.parse(readFileSync(`demo/${version}.json`, 'utf8')));
};

/** Loads `Patient/large`, whose record has 3,000 resources. */
export async function loadLarge(server: BuiltServer): Promise<void> {
  const observation = (place: number) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }], text: 'Heart rate' },
    subject: { reference: 'Patient/large' },
    effectiveDateTime: new Date(Date.UTC(2000, 0, 1 + place)).toISOString(),
    valueQuantity: { value: 60 + (place % 40), unit: '/min' },
  });
  const entry = Array.from({ length: 3000 }, (_, place) => ({
    resource: observation(place),
    request: { method: 'POST', url: 'Observation' },
  }));
  await server.send('PUT', '/r4/Patient/large', { resourceType: 'Patient', id: 'large', name: [{ family: 'Large' }] });
  await server.send('POST', '/r4', { resourceType: 'Bundle', type: 'transaction', entry });
}

/** Opens the console at an address behind `#` and signs in there. */
export async function openConsole(
  browser: Browser,
  server: BuiltServer,
  username: string,
  { at = '#/r4', ...options }: BrowserContextOptions & { readonly at?: string } = {},
): Promise<Window> {
  const window = await openWindow(browser, options);
  await window.page.goto(`${server.url}/${at}`);
  await window.page.getByRole('button', { name: 'Sign in' }).click();
  await signIn(window.page, username);
  await window.page
    .getByRole('navigation', { name: 'Main' })
    .or(window.page.getByRole('button', { name: 'Menu' }))
    .first()
    .waitFor();
  return window;
}

/** Goes to another address of the console. */
export const goTo = async (page: Page, hash: string): Promise<void> => {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
};

/**
 * What axe finds serious or worse on a page, in words.
 * @param rules the only ones to look at; all without it.
 */
export async function seriousFindings(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const options = { resultTypes: ['violations'], ...(rules === undefined ? {} : { runOnly: rules }) };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 160))
          .join(' | ')}`,
    );
}
