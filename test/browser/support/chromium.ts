import { existsSync } from 'node:fs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Where Chromium is: in `CHROMIUM`, or where packages of Linux put it.
 * @throws Error that says what to install.
 */
export function chromiumPath(): string {
  const { CHROMIUM: given } = process.env;
  const found = (given === undefined ? places : [given]).find((place) => existsSync(place));
  if (found !== undefined) return found;
  const looked = given ?? places.join(', ');
  throw new Error(`There is no Chromium (${looked}): apt-get install chromium, or say in CHROMIUM where it is`);
}
