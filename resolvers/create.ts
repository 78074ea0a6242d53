import type { Context } from '@aws-appsync/utils';
import { answerOfMutation, claimsOf, consistencyOf, fieldOf, invoke, typeOf } from './invoke.js';

/** `PatientCreate(res)`: stores the resource under a new id. */
export function request(ctx: Context<{ res: unknown }>): unknown {
  return invoke({
    interaction: 'create',
    type: typeOf(ctx, 'Create'),
    resource: ctx.args.res,
    field: fieldOf(ctx),
    ...consistencyOf(ctx),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOfMutation(ctx);
}
