// Part of `npm run lint`: a resolver that uses what APPSYNC_JS does not have fails here as it fails in the runtime.
import { checkBundles } from './check-bundles.js';

const messages = await checkBundles();
for (const message of messages) console.error(message);
process.exit(messages.length === 0 ? 0 : 1);
