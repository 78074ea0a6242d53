// Loaded into a server's process before it: tells who asks how it is, and what its log says is heard by who started it.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ blocked: delay.max / 1e6, rss: process.memoryUsage().rss, cpu: (user + system) / 1e3 });
  delay.reset();
});
process.channel?.unref();
