import type { Context } from '@aws-appsync/utils';
import { answerOfMutation, claimsOf, consistencyOf, fieldOf, invoke, typeOf } from './invoke.js';

/** `PatientUpdate(id, res, versionId)`: stores a new version; with `versionId` only if that is the current one. */
export function request(ctx: Context<{ id: string; res: unknown; versionId?: string | null }>): unknown {
  return invoke({
    interaction: 'update',
    type: typeOf(ctx, 'Update'),
    id: ctx.args.id,
    resource: ctx.args.res,
    field: fieldOf(ctx),
    ...(typeof ctx.args.versionId === 'string' ? { versionId: ctx.args.versionId } : {}),
    ...consistencyOf(ctx),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOfMutation(ctx);
}
