import { util, type Context } from '@aws-appsync/utils';

/**
 * The resource a reverse list stands in, and the parameter by which the listed resources refer to it. A resource inside
 * another one is no such resource: what refers to its id means the one that is stored under that id.
 */
export function referringOf(ctx: Context<Record<string, unknown>>): { type: string; id: string; parameter: string } {
  const source = ctx.source as { id?: string; __inside?: boolean } | null | undefined;
  const id = source?.id;
  if (!id) util.error(`${ctx.info.parentTypeName} has no id: nothing refers to it`, 'not-found');
  if (source.__inside) {
    util.error(`${ctx.info.parentTypeName} ${id} is inside another resource: nothing refers to it`, 'not-found');
  }
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
