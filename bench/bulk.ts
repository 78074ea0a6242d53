// npm run bench:bulk -- [--resources 100000] [--port 3998]
// Imports generated resources into a server of its own with an empty store, exports them, makes the index anew, and prints
// how far it is, how long it took and how much memory the server had at most.
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { projectFolder } from '../local/project-folder.js';
import { generateBundle } from './patients.js';
import { startServer, type ServerProcess } from './server-process.js';

const { values } = parseArgs({
  options: { resources: { type: 'string', default: '100000' }, port: { type: 'string', default: '3998' } },
});
const wanted = Number(values.resources);
const folder = mkdtempSync(join(tmpdir(), 'bench-bulk-'));
const number = (value: number): string => Math.round(value).toLocaleString('en-US');

interface Generated {
  readonly resourceType: string;
  readonly id?: string;
}

/** Writes resources of generated patients, a file for each type. @returns by type how many. */
async function generate(): Promise<ReadonlyMap<string, number>> {
  const files = new Map<string, ReturnType<typeof createWriteStream>>();
  const counts = new Map<string, number>();
  let total = 0;
  for (let seed = 0; total < wanted; seed += 1) {
    const { entry } = generateBundle(seed, Math.min(200, Math.max(3, wanted - total))) as {
      readonly entry: readonly { readonly fullUrl: string; readonly resource: Generated }[];
    };
    const ids = new Map(
      entry.map(({ fullUrl, resource }, at) => [fullUrl, `${resource.resourceType}/g${String(seed)}-${String(at)}`]),
    );
    for (const [at, { resource }] of entry.entries()) {
      const type = resource.resourceType;
      const text = JSON.stringify({ ...resource, id: `g${String(seed)}-${String(at)}` });
      const line = text.replace(/urn:uuid:[0-9a-f-]{36}/g, (link) => ids.get(link) ?? link);
      const file = files.get(type) ?? createWriteStream(join(folder, `${type}.ndjson`));
      files.set(type, file);
      counts.set(type, (counts.get(type) ?? 0) + 1);
      if (!file.write(`${line}\n`)) await once(file, 'drain');
    }
    total += entry.length;
  }
  for (const file of files.values()) {
    file.end();
    await once(file, 'finish');
  }
  return counts;
}

/** Begins a job, tells how far it is, and how it was. @returns the manifest. */
async function run(
  server: ServerProcess,
  what: string,
  token: string,
  begin: { readonly path: string; readonly body?: object },
): Promise<{ readonly output?: readonly { readonly url: string; readonly count: number }[] }> {
  const authorization = `Bearer ${token}`;
  const begun = performance.now();
  const answer = await fetch(`${server.baseUrl}/r4/${begin.path}`, {
    method: 'POST',
    headers: { authorization, prefer: 'respond-async', 'content-type': 'application/json' },
    ...(begin.body === undefined ? {} : { body: JSON.stringify(begin.body) }),
  });
  const job = answer.headers.get('content-location');
  if (job === null) throw new Error(`${what}: ${String(answer.status)} ${await answer.text()}`);
  let peak = 0;
  let own = 0;
  let longest = 0;
  let told = -10;
  for (;;) {
    const asked = performance.now();
    const status = await fetch(job, { headers: { authorization } });
    longest = Math.max(longest, performance.now() - asked);
    peak = Math.max(peak, server.memory() ?? 0);
    own = Math.max(own, server.ownMemory() ?? 0);
    if (status.status === 200) {
      const seconds = (performance.now() - begun) / 1000;
      console.log(
        `${what}: ${number(wanted)} resources in ${seconds.toFixed(1)} s, ${number(wanted / seconds)} a second, at most ${String(peak)} MiB (${String(own)} without mapped files), slowest status ${number(longest)} ms`,
      );
      return (await status.json()) as { output: { url: string; count: number }[] };
    }
    if (status.status !== 202) throw new Error(`${what}: ${String(status.status)} ${await status.text()}`);
    const percent = Number.parseInt(status.headers.get('x-progress') ?? '0', 10);
    if (percent >= told + 10) {
      told = percent;
      console.log(
        `${what}: ${String(percent)}%, ${((performance.now() - begun) / 1000).toFixed(1)} s, ${String(server.memory() ?? 0)} MiB, ${String(server.ownMemory() ?? 0)} of its own`,
      );
    }
    await wait(50);
  }
}

async function main(): Promise<void> {
  const counts = await generate();
  const sources = { IMPORT_SOURCES: `${pathToFileURL(folder).href}/` };
  const server = await startServer(projectFolder(), Number(values.port), sources);
  try {
    console.log(`after the start: ${String(server.memory() ?? 0)} MiB`);
    const input = [...counts.keys()].map((type) => ({ type, url: pathToFileURL(join(folder, `${type}.ndjson`)).href }));
    const asked = { inputFormat: 'application/fhir+ndjson', inputSource: server.baseUrl, input };
    await run(server, '$import', server.token, { path: '$import', body: asked });
    const { output = [] } = await run(server, '$export', server.token, { path: '$export' });
    let bytes = 0;
    for (const { url } of output) {
      const file = await fetch(url, { headers: { authorization: `Bearer ${server.token}` } });
      for await (const chunk of file.body ?? []) bytes += (chunk as Uint8Array).length;
    }
    const exported = output.reduce((sum, { count }) => sum + count, 0);
    console.log(`${number(exported)} lines in ${String(output.length)} files, ${number(bytes / 1e6)} MB`);
    const made = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (exported !== made) throw new Error(`${String(made)} were generated, and ${String(exported)} exported`);
    await run(server, '$reindex', await server.tokenOf('operator'), { path: '$reindex' });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

await main();
