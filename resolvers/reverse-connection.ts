import type { Context } from '@aws-appsync/utils';
import { answerOf, claimsOf, fieldOf, invoke, selectionOf, typeOf } from './invoke.js';
import { referringOf, searchArguments } from './referring.js';

/** `ObservationConnection(_reference: subject …)` inside a resource: one page of those that refer to it and match. */
export function request(ctx: Context<Record<string, unknown>>): unknown {
  return invoke({
    interaction: 'search',
    shape: 'connection',
    type: typeOf(ctx, 'Connection'),
    arguments: searchArguments(ctx),
    referring: referringOf(ctx),
    counted: ctx.info.selectionSetList.includes('count'),
    field: fieldOf(ctx),
    selection: selectionOf(ctx, 3),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOf(ctx);
}
