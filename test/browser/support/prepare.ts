// What `npm run test:browser` needs is there, or is said.
import { chromiumPath } from './chromium.js';

try {
  chromiumPath();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
