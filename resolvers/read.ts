import { util, type Context } from '@aws-appsync/utils';

/** `Patient(id)`: the pipeline reads the item itself, and asks the Lambda only where the item does not decide. */
export function request(): Record<string, never> {
  return {};
}

export function response(ctx: Context): unknown {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type);
  return (ctx.prev as { result: unknown }).result;
}
