import type { Context } from '@aws-appsync/utils';
import { answerOf, claimsOf, fieldOf, invoke, selectionOf, typeOf } from './invoke.js';
import { referringOf, searchArguments } from './referring.js';

/** `ObservationList(_reference: subject …)` inside a resource: all that refer to it and match. */
export function request(ctx: Context<Record<string, unknown>>): unknown {
  return invoke({
    interaction: 'search',
    shape: 'list',
    type: typeOf(ctx, 'List'),
    arguments: searchArguments(ctx),
    referring: referringOf(ctx),
    counted: false,
    field: fieldOf(ctx),
    selection: selectionOf(ctx, 1),
    ...claimsOf(ctx),
  });
}

export function response(ctx: Context): unknown {
  return answerOf(ctx);
}
