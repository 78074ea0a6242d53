import type { Context } from '@aws-appsync/utils';
import { answerOfMutation, claimsOf, consistencyOf, fieldOf, invoke, typeOf } from './invoke.js';

/** `PatientDelete(id, versionId)`: deletes the resource; its versions stay. With `versionId` only if that is the current one. */
export function request(ctx: Context<{ id: string; versionId?: string | null }>): unknown {
  return invoke({
    interaction: 'delete',
    type: typeOf(ctx, 'Delete'),
    id: ctx.args.id,
    field: fieldOf(ctx),
    ...(typeof ctx.args.versionId === 'string' ? { versionId: ctx.args.versionId } : {}),
    ...consistencyOf(ctx),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOfMutation(ctx);
}
