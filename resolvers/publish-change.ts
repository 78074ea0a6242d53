import { util, type Context } from '@aws-appsync/utils';

/** `publishChange(…)`, `publishJob(…)`: what changed is the event that subscribers are told of. Only the publisher, by IAM, may say it. */
export function request(ctx: Context<Record<string, unknown>>): unknown {
  if (util.authType() !== 'IAM Authorization') util.unauthorized();
  return { payload: ctx.args };
}

export function response(ctx: Context): unknown {
  return ctx.result;
}
