import type { Context } from '@aws-appsync/utils';
import type { Container, ReferenceRequest } from './interaction-request.js';
import { answerOf, claimsOf, fieldOf, selectionOf } from './invoke.js';

/** `Reference.resource(optional, type)`: the references of one level go to the Lambda together. */
export function request(ctx: Context<{ optional?: boolean; type?: string }>): unknown {
  const source = ctx.source as { reference?: string; __container?: Container };
  const payload: ReferenceRequest = {
    interaction: 'reference',
    optional: ctx.args.optional === true,
    field: fieldOf(ctx),
    selection: selectionOf(ctx, 1),
    ...(source.reference ? { reference: source.reference } : {}),
    ...(source.__container ? { container: source.__container } : {}),
    ...(ctx.args.type ? { type: ctx.args.type } : {}),
    ...claimsOf(ctx),
  };
  return { operation: 'BatchInvoke', payload };
}

export function response(ctx: Context): unknown {
  return answerOf(ctx);
}
