import { setTimeout as wait } from 'node:timers/promises';

/** What came of posting a bundle. */
export type PostAnswer =
  | { readonly kind: 'answered'; readonly bundle: unknown }
  | {
      readonly kind: 'failed';
      /** The HTTP status; absent when there was no answer. */
      readonly status?: number;
      readonly reasons: readonly string[];
      /** Nothing else will be answered better: the token does not count, or nobody is there. */
      readonly hopeless: boolean;
    };

/** Where to post, and how patiently. */
export interface Target {
  /** `http://127.0.0.1:3000/r4` */
  readonly base: string;
  readonly token?: string;
  /** How often a request is sent again, 6 times unless given. */
  readonly retries?: number;
  /** The wait before the first repetition, in milliseconds, doubled each time; 250 unless given. */
  readonly firstWait?: number;
}

/** Statuses by which the server says that it did not do it: sending again cannot do it twice. */
const notDone = [409, 429, 503];
/** Statuses after which nobody knows. */
const unknown = [500, 502, 504];
/** Causes by which no connection was made, so the server saw nothing. */
const notSent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'];
const longestWait = 30_000;

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What an OperationOutcome says, an issue a sentence.
 * @param outcome anything; what is no OperationOutcome says nothing.
 * @returns the sentences, each with the places it means.
 */
export function reasonsOf(outcome: unknown): string[] {
  if (!isJson(outcome) || !Array.isArray(outcome['issue'])) return [];
  return outcome['issue'].filter(isJson).map((issue) => {
    const places = Array.isArray(issue['expression']) ? ` (${issue['expression'].join(', ')})` : '';
    const details = isJson(issue['details']) ? issue['details']['text'] : undefined;
    return `${String(issue['diagnostics'] ?? details ?? issue['code'])}${places}`;
  });
}

/** Why `fetch` failed: its own error only says that it did, the cause says how. */
function causeOf(error: unknown): { readonly code: string; readonly message: string } {
  const outer = isJson(error) ? error : {};
  const cause = isJson(outer['cause']) ? outer['cause'] : outer;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const code = text(cause['code']);
  return { code, message: text(cause['message']) || code || String(error) };
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

interface Attempt {
  readonly answer: PostAnswer;
  /** `never`: the answer stands; `surely`: nothing was done; `unsure`: it may have been done. */
  readonly again: 'never' | 'surely' | 'unsure';
  /** Milliseconds the server asks to wait. */
  readonly after?: number;
}

async function attempt(target: Target, body: string): Promise<Attempt> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(target.base, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/fhir+json',
        Accept: 'application/fhir+json',
        Prefer: 'return=minimal',
        ...(target.token === undefined ? {} : { Authorization: `Bearer ${target.token}` }),
      },
      body,
    });
    text = await response.text();
  } catch (error) {
    const { code, message } = causeOf(error);
    const again = notSent.includes(code) ? 'surely' : 'unsure';
    const reasons = [`no answer from ${target.base}: ${message}`];
    return { answer: { kind: 'failed', reasons, hopeless: again === 'surely' }, again };
  }
  const { status } = response;
  const content = parsed(text);
  if (response.ok) {
    if (isJson(content)) return { answer: { kind: 'answered', bundle: content }, again: 'never' };
    return { answer: { kind: 'failed', status, reasons: ['the answer is no JSON'], hopeless: false }, again: 'never' };
  }
  const reasons = reasonsOf(content);
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return {
    answer: {
      kind: 'failed',
      status,
      reasons: reasons.length > 0 ? reasons : [response.statusText || 'no reason given'],
      hopeless: status === 401,
    },
    again: notDone.includes(status) ? 'surely' : unknown.includes(status) ? 'unsure' : 'never',
    ...(Number.isFinite(seconds) ? { after: seconds * 1000 } : {}),
  };
}

/**
 * Posts a bundle, again and again while the server is busy or away.
 * A bundle that would create things twice is sent again only when the server surely did not do it.
 * @param target where to.
 * @param body the bundle's JSON text.
 * @param repeatable whether posting it twice leaves the same as posting it once.
 * @returns the answer, or why there is none; never throws for what a server or a network does.
 */
export async function postBundle(target: Target, body: string, repeatable: boolean): Promise<PostAnswer> {
  const { retries = 6, firstWait = 250 } = target;
  for (let tries = 0; ; tries += 1) {
    const { answer, again, after } = await attempt(target, body);
    const mayRepeat = again === 'surely' || (again === 'unsure' && repeatable);
    if (answer.kind === 'failed' && again === 'unsure' && !repeatable) {
      const doubt = 'not sent again, because it may have been done: look before loading it a second time';
      return { ...answer, reasons: [...answer.reasons, doubt] };
    }
    if (!mayRepeat || tries >= retries) return answer;
    const backoff = firstWait * 2 ** tries * (0.75 + Math.random() / 2);
    await wait(Math.min(after ?? backoff, longestWait));
  }
}
