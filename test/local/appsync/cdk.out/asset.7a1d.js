import { util } from '@aws-appsync/utils';
import { put } from '@aws-appsync/utils/dynamodb';

export function request(ctx) {
  const { id, text } = ctx.args;
  return put({
    key: { id },
    item: { text, owner: ctx.identity.username, at: util.time.nowISO8601() },
    condition: { id: { attributeExists: false } },
  });
}

export function response(ctx) {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type, ctx.result, { id: ctx.args.id });
  return ctx.result;
}
