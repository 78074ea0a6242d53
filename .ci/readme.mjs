// Does what the README says in a clean clone: its commands as they are written, in order, and compares the answers it
// prints. A ```sh block is run; a ```text block after it is what must come out, a ```json block its meaning (white space
// aside). `npm start` stays running.
// usage: node readme.mjs PROJECT CLONE
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [project, clone] = process.argv.slice(2);
const run = (command, cwd) => spawnSync('bash', ['-c', command], { cwd, encoding: 'utf8', timeout: 300_000 });
const cloned = run(`git clone -q "${project}" "${clone}"`, project);
if (cloned.status !== 0) throw new Error(cloned.stderr);

const blocks = [...readFileSync(`${clone}/README.md`, 'utf8').matchAll(/^```(sh|text|json)\n([\s\S]*?)^```/gm)];
let server;
let exports = '';
let failures = 0;
let checks = 0;
const normal = (text, kind) => (kind === 'json' ? JSON.stringify(JSON.parse(text || 'null')) : text.trim());
const tell = (ok, what) => {
  checks += 1;
  if (!ok) failures += 1;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${what}`);
};

async function start(command) {
  server = spawn('bash', ['-c', `exec ${command}`], {
    cwd: clone,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (let i = 0; i < 300; i += 1) {
    if (
      await fetch('http://127.0.0.1:3000/r4/metadata').then(
        (reply) => reply.ok,
        () => false,
      )
    )
      return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}

try {
  for (const [index, [, kind, text]] of blocks.entries()) {
    if (kind !== 'sh') continue;
    const [, answerKind = 'sh', answer] = blocks[index + 1] ?? [];
    const expected = answerKind === 'sh' ? undefined : answer;
    if (/^git clone/m.test(text)) continue; // done above
    if (/npm start/.test(text)) {
      const [install, ...rest] = text.trim().split(/\s*&&\s*|\n/);
      tell(run(install, clone).status === 0, install);
      tell(await start(rest.join(' && ')), rest.join(' && '));
      continue;
    }
    const result = run(`set -o pipefail; ${exports}\n${text}`, clone);
    exports += (text.match(/^(?:export )?[A-Z]+=.*$/gm) ?? []).map((line) => `${line}\n`).join('');
    const same = expected === undefined || normal(result.stdout, answerKind) === normal(expected, answerKind);
    tell(result.status === 0 && same, text.trim().split('\n')[0]);
    if (result.status !== 0 || !same)
      console.log(`expected:\n${expected ?? '(any)'}\ngot (${result.status}):\n${result.stdout}${result.stderr}`);
  }
  const closed = new Promise((done) => server?.once('exit', done));
  if (server) {
    process.kill(-server.pid, 'SIGINT');
    const code = await Promise.race([
      closed,
      new Promise((done) => setTimeout(done, 10_000, 'still running after 10 s')),
    ]);
    tell(code === 0 || code === 130 || code === null, `Ctrl-C ends the server (${code})`);
    server = undefined;
  }
} finally {
  if (server) process.kill(-server.pid, 'SIGKILL');
}
console.log(`${checks - failures} of ${checks} README commands as written`);
process.exit(failures === 0 && checks > 3 ? 0 : 1);
