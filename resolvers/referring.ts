import { util, type Context } from '@aws-appsync/utils';

/** The resource a reverse list stands in, and the parameter by which the listed resources refer to it. */
export function referringOf(ctx: Context<Record<string, unknown>>): { type: string; id: string; parameter: string } {
  const source = ctx.source as { id?: string } | null | undefined;
  const id = source?.id;
  if (!id) util.error(`${ctx.info.parentTypeName} has no id: nothing refers to it`, 'not-found');
  return { type: ctx.info.parentTypeName, id, parameter: ctx.args._reference as string };
}

/** The arguments of the search itself. */
export function searchArguments(ctx: Context<Record<string, unknown>>): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(ctx.args)) {
    if (name !== '_reference') given[name] = ctx.args[name];
  }
  return given;
}
