import { extensions, type Context, type SubscriptionFilter } from '@aws-appsync/utils';
import { answerOf, claimsOf, fieldOf, invoke } from './invoke.js';

/** `onResourceChanged(…)`, `onJobChanged(id)`: the Lambda says which changes the caller asks for and may know of. */
export function request(ctx: Context<Record<string, unknown>>): unknown {
  return invoke({
    interaction: ctx.info.fieldName === 'onJobChanged' ? 'subscribe-jobs' : 'subscribe',
    arguments: ctx.args,
    field: fieldOf(ctx),
    ...claimsOf(ctx),
  });
}

/** A filter is set in every case: without one the arguments alone would count, and everyone would be told of everything. */
export function response(ctx: Context): unknown {
  extensions.setSubscriptionFilter(answerOf(ctx) as SubscriptionFilter);
  return null;
}
