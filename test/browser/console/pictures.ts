// `npm run console:pictures`: the README's pictures of the console, small WebP files in docs/images.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { openBrowser } from '../support/browser.js';
import { startBuiltServer } from '../support/server.js';
import { demoPatient, goTo, loadDemo, openConsole } from './support.js';

const folder = 'docs/images';
const patient = `#/r4/Patient/${demoPatient}`;
const query = encodeURIComponent(
  '{\n  PatientList(name: "lemke") {\n    id\n    name {\n      family\n      given\n    }\n    birthDate\n  }\n}\n',
);

/** Each picture: where it is taken, and what is there when it is ready. */
const pictures: readonly (readonly [name: string, address: string, shows: string, scheme: 'light' | 'dark'])[] = [
  ['console-patient', patient, 'Latest findings', 'light'],
  ['console-charts', `${patient}?tab=charts&code=8302-2`, '88.9 cm', 'dark'],
  ['console-search', '#/r4/Observation?q=code%3D8302-2%26_sort%3D-date', '10 found', 'light'],
  ['console-graphql', `#/r4/graphql?query=${query}`, 'Nothing was asked yet', 'light'],
];

/** Makes a WebP of a PNG, by the browser. */
async function webp(page: Page, png: Buffer): Promise<Buffer> {
  const url = await page.evaluate<string>(`(async () => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(png.toString('base64'))}), (each) => each.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL('image/webp', 0.82);
  })()`);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

const server = await startBuiltServer();
const browser = await openBrowser();
try {
  await loadDemo(server, 'r4');
  mkdirSync(folder, { recursive: true });
  const blank = await browser.newPage();
  for (const scheme of ['light', 'dark'] as const) {
    const { page, ...window } = await openConsole(browser, server, 'practitioner', { colorScheme: scheme });
    for (const [name, address, shows, of] of pictures) {
      if (of !== scheme) continue;
      await goTo(page, address);
      await page.locator('#content').getByText(shows).first().waitFor();
      if (name === 'console-graphql') {
        await page.getByRole('button', { name: 'Run' }).click();
        await page.getByRole('textbox', { name: 'Answer' }).getByText('"Lemke654"').waitFor();
      }
      await page.waitForTimeout(800);
      const bytes = await webp(blank, await page.screenshot());
      writeFileSync(`${folder}/${name}.webp`, bytes);
      console.log(`${folder}/${name}.webp: ${String(Math.ceil(bytes.length / 1024))} KB`);
    }
    await window.close();
  }
} finally {
  await browser.close();
  await server.close();
}
