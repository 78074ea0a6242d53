import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Asks a process how it is that was started with a preload that answers messages, such as `soak/watch.mjs`.
 * @param printed what it printed, for the error.
 * @throws Error when it ends before it has answered.
 */
export async function askProcess(child: ChildProcess, printed = (): string => ''): Promise<unknown> {
  const asking = new AbortController();
  const { signal } = asking;
  const told = once(child, 'message', { signal });
  const ended = once(child, 'exit', { signal }).then(() =>
    Promise.reject(new Error(`The server ended\n${printed().slice(-3_000)}`)),
  );
  child.send('how are you');
  try {
    return (await Promise.race([told, ended]))[0];
  } finally {
    asking.abort(); // leaves no listener behind
  }
}
