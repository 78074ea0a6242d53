// Loaded into a server's process before it: tells who started it, when asked, what it holds.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
setFlagsFromString('--no-expose-gc'); // the sandboxes of resolvers have it not

process.on('message', () => {
  collectGarbage(); // what is left is held
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  process.send?.({ rss, heapUsed, cpu: (user + system) / 1000, resources });
});
process.channel?.unref();
