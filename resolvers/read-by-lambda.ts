import { runtime, type Context } from '@aws-appsync/utils';
import { answerOf, claimsOf, fieldOf, invoke, selectionOf } from './invoke.js';

/** Asks the Lambda for the resource, unless the item itself was the answer. */
export function request(ctx: Context<{ id: string }>): unknown {
  if (ctx.stash.answered) runtime.earlyReturn((ctx.prev as { result: unknown }).result);
  return invoke({
    interaction: 'read',
    type: ctx.info.fieldName,
    id: ctx.args.id,
    field: fieldOf(ctx),
    selection: selectionOf(ctx, 1),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOf(ctx);
}
