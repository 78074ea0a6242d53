import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signToken } from '../../../local/sign-in/access-token.js';
import { readSignInKeys } from '../../../local/sign-in/keys.js';
import { signInIssuer } from '../../../local/sign-in/sign-in.js';
import { userByName } from '../../../local/sign-in/users.js';

/** An answer of REST or GraphQL. */
export interface Answer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers freely
  readonly json: any;
}

/** The built embedded server in a process of its own, with a data folder of its own. */
export interface BuiltServer {
  /** No slash at the end. */
  readonly url: string;
  /** An access token of a local user. */
  tokenOf(username: string): string;
  /** Asks as a practitioner; `path` is from the root, such as `/r4/Patient`. @throws Error on a status of 400 or more. */
  send(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Ends it; with `start` it is there again at the same place. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts `dist/main.js` and waits until it says where it listens. */
async function launch(environment: Readonly<Record<string, string>>): Promise<Started> {
  const child = spawn(process.execPath, ['dist/main.js'], {
    env: { ...process.env, NODE_OPTIONS: '', HOST: '127.0.0.1', TLS: 'on', LOG_LEVEL: 'error', ...environment },
  });
  let printed = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const [, found] = /listens on (https?:\/\/[^ ]+)/.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => {
      reject(new Error(`the server does not start:\n${printed}`));
    });
  });
  return { child, url };
}

function ask(url: string, method: string, ca: string | undefined, token: string, body: unknown): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-consistency': 'strong' };
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 400) reject(new Error(`${method} ${url}: ${String(status)} ${text}`));
        else resolve({ status, json: text === '' ? undefined : (JSON.parse(text) as unknown) });
      });
    };
    const options = { method, headers };
    const sent = ca === undefined ? plainRequest(url, options, answered) : request(url, { ...options, ca }, answered);
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * Starts the embedded server as `npm start` does, with `TLS=on`, on a free port.
 * @param environment what it is told beside or instead of that.
 */
export async function startBuiltServer(environment: Readonly<Record<string, string>> = {}): Promise<BuiltServer> {
  const folder = mkdtempSync(join(tmpdir(), 'browser-'));
  let running = await launch({ DATA_DIR: folder, PORT: '0', ...environment });
  const { url } = running;
  const isTls = url.startsWith('https:');
  const ca = isTls ? readFileSync(join(folder, 'tls-certificate.pem'), 'utf8') : undefined;
  const tokenOf = (username: string): string => {
    const user = userByName(username);
    if (user === undefined) throw new Error(`there is no ${username}`);
    return signToken(readSignInKeys(folder), user, { issuer: signInIssuer(url) });
  };
  const stop = async (): Promise<void> => {
    const { child } = running;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return {
    url,
    tokenOf,
    send: (method, path, body) => ask(`${url}${path}`, method, ca, tokenOf('practitioner'), body),
    stop,
    async start() {
      running = await launch({ DATA_DIR: folder, PORT: new URL(url).port, ...environment });
    },
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
