import type { Context } from '@aws-appsync/utils';
import { answerOfMutation, claimsOf, consistencyOf, fieldOf, invoke, typeOf } from './invoke.js';

/** `PatientDelete(id)`: deletes the resource; its versions stay. */
export function request(ctx: Context<{ id: string }>): unknown {
  return invoke({
    interaction: 'delete',
    type: typeOf(ctx, 'Delete'),
    id: ctx.args.id,
    field: fieldOf(ctx),
    ...consistencyOf(ctx),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOfMutation(ctx);
}
