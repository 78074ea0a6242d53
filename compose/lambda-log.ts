import { withoutWords } from '../fhir/without-words.js';
import { SettingsError } from './settings-error.js';

/** Where a Lambda function tells of failures: one JSON line each, as CloudWatch takes it. */
export interface LambdaLog {
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const line = (level: string, fields: Readonly<Record<string, unknown>>, message: string): string =>
  JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg: message });

/** Writes to the function's log; nothing of a resource and no query may be handed to it. */
export const lambdaLog: LambdaLog = {
  error(fields, message) {
    console.error(line('error', fields, message));
  },
  info(fields, message) {
    console.log(line('info', fields, message));
  },
};

/** The name and code of an error, never its message, which may quote a resource. */
export function named(error: unknown): { readonly name: string; readonly code?: unknown } {
  if (!(error instanceof Error)) return { name: typeof error };
  const code: unknown = Reflect.get(error, 'code');
  return { name: error.name, ...(code === undefined ? {} : { code }) };
}

/**
 * A handler whose failures Lambda's runtime may log, as it does with all of them: what nobody foresaw has no message, which may
 * quote a resource, and no cause.
 */
export const wordless =
  <Arguments extends readonly unknown[], Result>(handler: (...given: Arguments) => Promise<Result>) =>
  async (...given: Arguments): Promise<Result> => {
    try {
      return await handler(...given);
    } catch (error) {
      if (error instanceof SettingsError) throw error;
      const { name, code, stack = '' } = withoutWords(error);
      const message = `${name}${typeof code === 'string' ? ` (${code})` : ''}, whose message is not told`;
      throw Object.assign(new Error(message), { name, stack: `${message}\n${stack}` });
    }
  };
