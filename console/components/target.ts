/** The type and id that a reference leads to on this server; undefined for others. */
export function targetOf(reference: string | undefined): { readonly type: string; readonly id: string } | undefined {
  const [, type, id] =
    /^(?:[a-z]+:\/\/.*\/)?([A-Z]\w+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[\w.-]+)?$/.exec(reference ?? '') ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
}
