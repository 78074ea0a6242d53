import { createContext, Script } from 'node:vm';
import { compileBundle } from './bundle/compile.js';
import { staticFunctions } from './bundle/forbidden-syntax.js';
import type { PassedJson } from './passed-json.js';
import { sandboxPrelude } from './sandbox-prelude.js';
import { replaceJavaPattern } from './util/java-pattern.js';
import { moduleFunctions, utilFunctions } from './util/functions.js';
import type { UtilCall } from './util/functions.js';

/** The pieces of ctx a handler may read; objects are JSON text, made only when the handler asks. */
export interface ContextParts {
  readonly fieldName: string;
  readonly parentTypeName: string;
  /** Whether there is an `error`. */
  readonly failed: boolean;
  /** The rest by name: JSON text, except `selectionSetGraphQL`, which is itself; undefined for what is not there. */
  text(part: ContextPart): string | undefined;
  /**
   * The members of a piece that is an object, by name; undefined for a piece that is not split. What the handler hands on
   * without looking into it stays what it is.
   */
  members?(part: ContextPart): ReadonlyMap<string, PassedJson> | undefined;
}

/** The lazily read pieces of ctx. */
export type ContextPart =
  | 'arguments'
  | 'identity'
  | 'source'
  | 'headers'
  | 'variables'
  | 'selectionSetList'
  | 'selectionSetGraphQL'
  | 'prev'
  | 'result'
  | 'env'
  | 'error'
  | 'stash';

/** An error as util.error and util.appendError describe it. */
export interface FieldError {
  readonly message: string;
  readonly errorType: string | null;
  readonly data: unknown;
  readonly errorInfo: unknown;
}

/** What a handler gave: JSON text, undefined for undefined; or `passed`, a member of a piece of ctx that it handed on unread. */
interface Handed {
  readonly value: string | undefined;
  readonly passed?: PassedJson;
}

/** How a handler ended. */
export type HandlerEnding =
  | ({ readonly kind: 'value' } & Handed)
  | ({ readonly kind: 'earlyReturn'; readonly skipTo: 'END' | 'NEXT' } & Handed)
  | { readonly kind: 'error'; readonly error: FieldError }
  | { readonly kind: 'unauthorized' }
  /** The code itself failed: an exception, or a limit. */
  | { readonly kind: 'failure'; readonly message: string; readonly stack?: string };

/** What a handler's run gives. */
export interface HandlerRun {
  readonly ending: HandlerEnding;
  /** The stash as JSON text when the handler touched it. */
  readonly stash?: string;
  readonly appended: readonly FieldError[];
}

/** Limits of one handler's run, and where console output goes. */
export interface SandboxOptions {
  /** Function calls and rounds of loops. */
  readonly maxSteps?: number;
  readonly maxMilliseconds?: number;
  readonly log?: (line: { bundle: string; level: string; text: string }) => void;
}

/** A bundle ready to run. */
export interface Sandbox {
  /**
   * Runs one handler with a fresh copy of the bundle's top level.
   * @param handler which of the two.
   * @param parts what ctx is made of.
   * @param call what util functions need to know of the request.
   */
  run(handler: 'request' | 'response', parts: ContextParts, call: UtilCall): HandlerRun;
}

type Enter = (
  factory: unknown,
  handler: string,
  fieldName: string,
  parentTypeName: string,
  failed: boolean,
) => readonly [
  string,
  string | undefined,
  string | undefined,
  string | undefined,
  ContextPart | undefined,
  string | undefined,
];

const arrayMethods = [
  ...[
    'length',
    'concat',
    'fill',
    'flat',
    'includes',
    'indexOf',
    'join',
    'lastIndexOf',
    'pop',
    'push',
    'reverse',
    'shift',
    'slice',
  ],
  ...[
    'sort',
    'splice',
    'unshift',
    'forEach',
    'map',
    'flatMap',
    'filter',
    'reduce',
    'reduceRight',
    'find',
    'some',
    'every',
  ],
  ...['findIndex', 'findLast', 'findLastIndex', 'toString'],
];
const stringMethods = [
  ...[
    'length',
    'charAt',
    'concat',
    'endsWith',
    'includes',
    'indexOf',
    'lastIndexOf',
    'replace',
    'replaceAll',
    'slice',
    'split',
  ],
  ...['startsWith', 'substring', 'toLowerCase', 'toUpperCase', 'trim', 'trimEnd', 'trimStart', 'toString', 'valueOf'],
];
const kept = { ...staticFunctions, arrayMethods, stringMethods, numberMethods: ['toString', 'valueOf'] };
/** Every function of the host that code can reach, by object and path: `util.time.nowISO8601`. */
const hostFunctions = Object.fromEntries(
  Object.entries({ util: utilFunctions, ...moduleFunctions }).flatMap(([object, functions]) =>
    Object.entries(functions).map(([path, implementation]) => [`${object}.${path}`, implementation] as const),
  ),
);
const prelude = new Script(sandboxPrelude, { filename: 'appsync-runtime.js' });

/**
 * Compiles a bundle into a context of its own, in which only APPSYNC_JS's globals exist and nothing of the host can be reached.
 * @param name the bundle's name.
 * @param code its text.
 * @returns the sandbox; about 1 ms to make.
 * @throws BundleError when AppSync would refuse the code.
 */
export function createSandbox(name: string, code: string, options: SandboxOptions = {}): Sandbox {
  const { maxSteps = 100_000, maxMilliseconds = 1000, log } = options;
  const { source } = compileBundle(name, code);
  const context = createContext(Object.create(null) as object, { codeGeneration: { strings: false, wasm: false } });
  let current: { parts: ContextParts; call: UtilCall } | undefined;
  const host = {
    call(functionName: string, argumentsText: string): string | undefined {
      const values = JSON.parse(argumentsText) as never[];
      const result = current === undefined ? undefined : hostFunctions[functionName]?.(current.call, ...values);
      return JSON.stringify(result);
    },
    part: (part: ContextPart): string | undefined => current?.parts.text(part),
    members(part: ContextPart): string | undefined {
      const members = current?.parts.members?.(part);
      return members === undefined ? undefined : `[${Array.from(members, toldMember).join()}]`;
    },
    member: (part: ContextPart, name: string): string | undefined => current?.parts.members?.(part)?.get(name)?.text(),
    string(part: ContextPart, name: string): string {
      const value = current?.parts.members?.(part)?.get(name)?.read();
      if (typeof value !== 'string') throw new Error(`${name} is no text`); // nothing else of the host may get in
      return value;
    },
    replace: replaceJavaPattern,
    now: () => Date.now(),
    log(level: string, text: string): void {
      log?.({ bundle: name, level, text });
    },
  };
  const start = prelude.runInContext(context) as (...values: unknown[]) => Enter;
  // kept and the names are read by the prelude only, before any bundle runs.
  const enter = start(host, Object.keys(hostFunctions), kept, maxSteps, maxMilliseconds);
  const factory: unknown = new Script(source, { filename: `${name}.js` }).runInContext(context);
  return {
    run(handler, parts, call) {
      current = { parts, call };
      try {
        const [kind, returned, stash, appended, part, member] = enter(
          factory,
          handler,
          parts.fieldName,
          parts.parentTypeName,
          parts.failed,
        );
        const passed = part === undefined ? undefined : parts.members?.(part)?.get(member ?? '');
        return {
          ending: endingOf(kind, returned, passed === undefined ? {} : { passed }),
          ...(stash === undefined ? {} : { stash }),
          appended: appended === undefined ? [] : (JSON.parse(appended) as FieldError[]),
        };
      } finally {
        current = undefined;
      }
    },
  };
}

/** Shorter strings are told with their members. */
const longString = 200;

/** A member as the code in the sandbox is told of it: objects and lists are made when they are looked into. */
function toldMember([member, json]: readonly [string, PassedJson]): string {
  const name = JSON.stringify(member);
  if (json.kind !== 'value') return `{"member":${name},"kind":"${json.kind}"}`;
  // Not written as JSON to be read as JSON: a body has a quote in every few characters.
  if (json.length() > longString && typeof json.read() === 'string') return `{"member":${name},"kind":"string"}`;
  return `{"member":${name},"kind":"value","value":${json.text()}}`;
}

function endingOf(kind: string, text: string | undefined, passed: Pick<Handed, 'passed'>): HandlerEnding {
  if (kind === 'value') return { kind, value: text, ...passed };
  if (kind === 'earlyReturn') return { kind, value: text, skipTo: 'NEXT', ...passed };
  if (kind === 'earlyReturnToEnd') return { kind: 'earlyReturn', value: text, skipTo: 'END', ...passed };
  const details: unknown = JSON.parse(text ?? '{}');
  if (kind === 'error') return { kind, error: details as FieldError };
  if (kind === 'unauthorized') return { kind };
  return { kind: 'failure', ...(details as { message: string; stack?: string }) };
}
