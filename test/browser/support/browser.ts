import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { chromiumPath } from './chromium.js';

/** Chromium, without a window of its own. Close it when the suite ends. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/** A window of the browser, with cookies and storage of its own, and what went wrong in it. */
export interface Window {
  readonly page: Page;
  /** Errors that scripts threw or wrote to the console; a suite expects none. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/**
 * Opens a window that takes the server's certificate.
 * @param options colorScheme, viewport and the like.
 */
export async function openWindow(browser: Browser, options: BrowserContextOptions = {}): Promise<Window> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => void complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints, close: () => context.close() };
}

/**
 * Keeps a picture of a page, for people to look at: in the folder `SCREENSHOTS`, or `.screenshots`.
 * @param name of the file, without its ending.
 */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'] ?? '.screenshots';
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Fills the server's sign-in page, which the window shows, as a local user. */
export async function signIn(page: Page, username: string): Promise<void> {
  await page.getByRole('radio', { name: new RegExp(`^${username} `) }).check();
  await page.getByLabel('Password').fill('fhir-on-appsync');
  await page.getByRole('button', { name: 'Sign in' }).click();
}
