import { util, type Context } from '@aws-appsync/utils';
import type { AskedSelection, Claims, InteractionAnswer, InteractionRequest } from './interaction-request.js';

/** The claims of the caller's access token; nothing for callers who did not sign in with a user pool. */
export function claimsOf(ctx: Context): { claims?: Claims } {
  const identity = ctx.identity as { claims?: Claims } | null | undefined;
  return identity?.claims ? { claims: identity.claims } : {};
}

/** The field that is resolved, as error messages name it: `Query.PatientList`. */
export function fieldOf(ctx: Context): string {
  return `${ctx.info.parentTypeName}.${ctx.info.fieldName}`;
}

/** The resource type a field is for: its name without the suffix of its shape, which is cut off once (`ListList` is `List`). */
export function typeOf(ctx: Context, suffix: string): string {
  return ctx.info.fieldName.slice(0, ctx.info.fieldName.length - suffix.length);
}

/** What is selected, the paths of at most so many fields: 1 for a resource, 3 for those of a connection (`edges/resource/id`). */
export function selectionOf(ctx: Context, levels: number): AskedSelection {
  const paths: string[] = [];
  for (const path of ctx.info.selectionSetList) {
    if (path.split('/').length <= levels) paths.push(path);
  }
  return { text: ctx.info.selectionSetGraphQL, paths };
}

/** The request that asks the Lambda. */
export function invoke(payload: InteractionRequest): { operation: 'Invoke'; payload: InteractionRequest } {
  return { operation: 'Invoke', payload };
}

/** When searches are to see what is written, if the request says so: the header X-Consistency, as REST has it. */
export function consistencyOf(ctx: Context): { consistency?: string } {
  const headers = ctx.request.headers as Record<string, string | null | undefined>;
  const asked = headers['x-consistency'];
  return typeof asked === 'string' ? { consistency: asked } : {};
}

/** The value a mutation answered; the consistency that was kept goes into the response's header. */
export function answerOfMutation(ctx: Context): unknown {
  const value = answerOf(ctx) as { __consistency?: string } | null;
  if (value?.__consistency) util.http.addResponseHeader('X-Consistency', value.__consistency);
  return value;
}

/** The value the Lambda answered; its error fails the field, with the OperationOutcome in `errorInfo.resource`. */
export function answerOf(ctx: Context): unknown {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type);
  const result = ctx.result as { value?: unknown; error?: { message: string; type: string; info: unknown } } | null;
  if (!result) util.error('The interaction gave no answer', 'exception');
  if (result.error) util.error(result.error.message, result.error.type, null, result.error.info);
  return (result satisfies Partial<InteractionAnswer>).value;
}
