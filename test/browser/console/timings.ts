// `npm run console:timings`: how long the console takes to answer what a person does, with a record of 3,000 resources.
import { openBrowser } from '../support/browser.js';
import { startBuiltServer } from '../support/server.js';
import { goTo, loadLarge, openConsole } from './support.js';

/** One, as the browser measured it. */
interface Interaction {
  readonly duration: number;
  readonly what: string;
}

/** The browser's measure from an input to the next picture, in milliseconds; those below 16 are told as 16. */
const observe = `
  window.interactions = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.interactionId) window.interactions.push({
      duration: entry.duration,
      what: entry.name + " " + (entry.target?.textContent ?? "").slice(0, 24),
    });
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });`;

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;

const server = await startBuiltServer();
const browser = await openBrowser();
try {
  await loadLarge(server);
  const { page, ...window } = await openConsole(browser, server, 'practitioner');
  await page.evaluate(observe);
  let done = 0;
  const act = async (what: () => Promise<unknown>): Promise<void> => {
    await what();
    done += 1;
    await page.waitForTimeout(60);
  };
  await goTo(page, '#/r4/Patient/large?tab=timeline');
  await page.getByRole('button', { name: 'All 3,000' }).waitFor();
  const tab = (name: string) => page.getByRole('link', { name, exact: true });
  for (let round = 0; round < 5; round += 1) {
    await act(() => page.getByRole('button', { name: /^Observation 3,000/ }).click());
    await act(() => page.keyboard.press('End'));
    await act(() => page.keyboard.press('Home'));
    await act(() => page.getByRole('button', { name: /^All 3,000/ }).click());
    await act(() => tab('Charts').click());
    await page.getByRole('textbox', { name: 'Filter measurements' }).waitFor();
    await act(() => page.getByRole('textbox', { name: 'Filter measurements' }).click());
    for (const key of 'heart') await act(() => page.keyboard.press(key));
    await act(() => page.getByRole('button', { name: /^Heart rate/ }).click());
    await act(() => tab('What points here').click());
    await act(() => tab('JSON').click());
    await act(() => tab('Overview').click());
    await act(() => tab('Timeline').click());
    await page.getByRole('button', { name: /^All 3,000/ }).waitFor();
  }
  const told = await page.evaluate<Interaction[]>('window.interactions');
  const durations = told.map(({ duration }) => duration);
  // What answered within 16 ms is not told by the browser.
  const all = [...durations, ...new Array<number>(Math.max(0, done - durations.length)).fill(16)].sort((a, b) => a - b);
  const begun = performance.now();
  await page.reload();
  await page.getByRole('heading', { name: 'Large' }).waitFor();
  const reloaded = performance.now() - begun;
  console.log(`${String(all.length)} interactions with a record of 3,000 resources`);
  console.log(
    `p50 ${String(quantile(all, 0.5))} ms, p95 ${String(quantile(all, 0.95))} ms, longest ${String(all.at(-1) ?? 0)} ms`,
  );
  const slow = told
    .filter(({ duration }) => duration > 100)
    .map(({ duration, what }) => `${what} ${String(duration)} ms`);
  if (slow.length > 0) console.log(`above 100 ms: ${slow.join(', ')}`);
  console.log(`from a reload to the patient's name: ${reloaded.toFixed(0)} ms`);
  await window.close();
} finally {
  await browser.close();
  await server.close();
}
