import type { Context } from '@aws-appsync/utils';
import { answerOf, claimsOf, fieldOf, invoke, selectionOf, typeOf } from './invoke.js';

/** `PatientConnection(…)`: one page of the resources that match, and the cursors of the pages around it. */
export function request(ctx: Context<Record<string, unknown>>): unknown {
  return invoke({
    interaction: 'search',
    shape: 'connection',
    type: typeOf(ctx, 'Connection'),
    arguments: ctx.args,
    counted: ctx.info.selectionSetList.includes('count'),
    field: fieldOf(ctx),
    selection: selectionOf(ctx, 3),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOf(ctx);
}
