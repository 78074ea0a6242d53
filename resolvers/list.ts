import type { Context } from '@aws-appsync/utils';
import { answerOf, claimsOf, fieldOf, invoke, selectionOf, typeOf } from './invoke.js';

/** `PatientList(…)`: all resources of the type that match. */
export function request(ctx: Context<Record<string, unknown>>): unknown {
  return invoke({
    interaction: 'search',
    shape: 'list',
    type: typeOf(ctx, 'List'),
    arguments: ctx.args,
    counted: false,
    field: fieldOf(ctx),
    selection: selectionOf(ctx, 1),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOf(ctx);
}
