import { relative } from 'node:path';

// What a process did to the files of a folder, as `strace -f -y -xx` writes it: so it is known what was on the disk at any
// moment, and what was only on its way there.

/** A call that changes files; `begun` and `done` are lines of the log. */
export type DiskStep = { readonly begun: number; readonly done: number } & (
  | {
      readonly kind: 'write';
      readonly file: string;
      readonly offset: number;
      readonly bytes: Buffer;
      /** Whether it is on the disk when the call returns (O_DSYNC). */
      readonly isDurable: boolean;
    }
  | { readonly kind: 'sync'; readonly file: string }
  | { readonly kind: 'create'; readonly file: string; readonly isEmptied: boolean }
  | { readonly kind: 'truncate'; readonly file: string; readonly length: number }
  | { readonly kind: 'link' | 'rename'; readonly file: string; readonly to: string }
  | { readonly kind: 'remove'; readonly file: string }
);

export interface DiskLog {
  readonly steps: readonly DiskStep[];
  /** By X-Request-Id, the line at which the answer began to leave. */
  readonly answers: ReadonlyMap<string, number>;
  /** Files that were written through memory, which nothing tells of. */
  readonly mapped: ReadonlySet<string>;
  readonly lines: number;
}

/** The calls that `readDiskLog` reads. */
export const tracedCalls = [
  ...['openat', 'close', 'lseek', 'write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendto', 'sendmsg'],
  ...['fsync', 'fdatasync', 'sync_file_range', 'msync', 'ftruncate', 'fallocate', 'mmap'],
  ...['link', 'linkat', 'rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'copy_file_range', 'sendfile'],
];

interface Call {
  readonly name: string;
  readonly text: string;
  readonly result: number;
  readonly begun: number;
  readonly done: number;
}

/** The calls of a log, in the order in which they began; those that never returned among them, with result 0. */
function callsOf(lines: readonly string[]): Call[] {
  const open = new Map<string, { name: string; text: string; begun: number }>();
  const calls: Call[] = [];
  const end = (name: string, text: string, begun: number, done: number): void => {
    const result = Number(/\)\s+= (-?\d+)[^=]*$/.exec(text)?.[1] ?? 0);
    calls.push({ name, text, result, begun, done });
  };
  for (const [at, line] of lines.entries()) {
    const pid = /^\d+/.exec(line)?.[0] ?? '';
    const resumed = /^\d+\s+<\.\.\. \w+ resumed>/.exec(line);
    const started = /^\d+\s+(\w+)\(/.exec(line);
    if (resumed !== null) {
      const call = open.get(pid);
      open.delete(pid);
      if (call !== undefined) end(call.name, call.text + line.slice(resumed[0].length), call.begun, at);
    } else if (started !== null) {
      const [, name = ''] = started;
      const unfinished = line.indexOf(' <unfinished ...>');
      if (unfinished < 0) end(name, line, at, at);
      else open.set(pid, { name, text: line.slice(0, unfinished), begun: at });
    }
  }
  for (const { name, text, begun } of open.values()) calls.push({ name, text, result: 0, begun, done: Infinity });
  return calls.sort((a, b) => a.begun - b.begun);
}

const stringsOf = (text: string): Buffer[] =>
  [...text.matchAll(/"([^"]*)"/g)].map(([, hex = '']) => Buffer.from(hex.replaceAll('\\x', ''), 'hex'));

/**
 * Reads what a process did to the files below a folder.
 * @param text as `strace -f -y -xx -s <more than any write>` with `tracedCalls` writes it.
 * @throws Error for a call that changes files in a way that is not understood here.
 */
export function readDiskLog(text: string, folder: string): DiskLog {
  const lines = text.split('\n');
  const steps: DiskStep[] = [];
  const answers = new Map<string, number>();
  const mapped = new Set<string>();
  const places = new Map<string, number>();
  const durable = new Set<string>();
  const within = (path: string): string | undefined =>
    path.startsWith(`${folder}/`) ? relative(folder, path) : undefined;
  for (const { name, text: call, result, begun, done } of callsOf(lines)) {
    if (result < 0) continue;
    const [, descriptor = '', hex = ''] = /^\d+\s+\w+\((\d+)<([^>]*)>/.exec(call) ?? [];
    const file = within(decoded(hex));
    const strings = stringsOf(call);
    const paths = strings.map((each) => within(each.toString()));
    const time = { begun, done };
    const write = (offset: number): void => {
      // What writev has is in several strings; none of them is cut off, or the log was made with too small a -s.
      if (/"\.\.\./.test(call)) throw new Error(`A write is cut off: ${call.slice(0, 200)}`);
      const bytes = Buffer.concat(strings).subarray(0, done === Infinity ? undefined : result);
      if (file !== undefined) {
        steps.push({ kind: 'write', file, offset, bytes, isDurable: durable.has(descriptor), ...time });
      }
    };
    switch (name) {
      case 'openat': {
        const [path] = paths;
        places.set(String(result), 0);
        durable.delete(String(result));
        if (path === undefined) break;
        if (/O_D?SYNC/.test(call)) durable.add(String(result));
        if (/O_APPEND/.test(call)) throw new Error(`Appending is not understood: ${call.slice(0, 200)}`);
        if (call.includes('O_CREAT'))
          steps.push({ kind: 'create', file: path, isEmptied: call.includes('O_TRUNC'), ...time });
        break;
      }
      case 'lseek':
        places.set(descriptor, result);
        break;
      case 'write':
      case 'writev':
      case 'sendto':
      case 'sendmsg': {
        const told = file === undefined ? answerIn(strings) : undefined;
        if (told !== undefined) answers.set(told, begun);
        const offset = places.get(descriptor) ?? 0;
        write(offset);
        places.set(descriptor, offset + result);
        break;
      }
      case 'pwrite64':
      case 'pwritev':
        write(Number(/, (\d+)\)\s+=/.exec(call)?.[1] ?? /, (\d+)$/.exec(call)?.[1]));
        break;
      case 'fsync':
      case 'fdatasync':
        if (file !== undefined) steps.push({ kind: 'sync', file, ...time });
        break;
      case 'ftruncate':
        if (file !== undefined)
          steps.push({ kind: 'truncate', file, length: Number(/, (\d+)\)/.exec(call)?.[1]), ...time });
        break;
      case 'mmap': {
        const shared = /PROT_WRITE.*MAP_SHARED.*, \d+<([^>]*)>/.exec(call)?.[1];
        const path = shared === undefined ? undefined : within(decoded(shared));
        if (path !== undefined) mapped.add(path);
        break;
      }
      case 'link':
      case 'linkat':
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        const [from, to] = paths;
        const kind = name.startsWith('link') ? 'link' : 'rename';
        if (from !== undefined && to !== undefined) steps.push({ kind, file: from, to, ...time });
        break;
      }
      case 'unlink':
      case 'unlinkat':
        if (paths[0] !== undefined) steps.push({ kind: 'remove', file: paths[0], ...time });
        break;
      case 'close':
        break;
      default:
        if (file !== undefined) throw new Error(`${name} is not understood: ${call.slice(0, 200)}`);
    }
  }
  return { steps, answers, mapped, lines: lines.length };
}

/** `-xx` has the paths of descriptors in hexadecimal as well, by some versions. */
const decoded = (path: string): string =>
  path.startsWith('\\x') ? Buffer.from(path.replaceAll('\\x', ''), 'hex').toString() : path;

function answerIn(strings: readonly Buffer[]): string | undefined {
  const head = strings[0]?.subarray(0, 4_000).toString('latin1') ?? '';
  return head.startsWith('HTTP/1.1 ') ? /\r\nX-Request-Id: ([^\r]+)\r\n/i.exec(head)?.[1] : undefined;
}
