/** The resolvers and pipeline functions: one bundle for each field shape. */
export const resolverNames: readonly string[];

/**
 * Bundles the resolvers.
 * @param outdir the folder the files `<name>.js` go to.
 * @param entries sources by the names of their bundles; the project's resolvers without it.
 * @throws Error when a bundle is larger than AppSync takes.
 */
export function bundleResolvers(outdir: string, entries?: Readonly<Record<string, string>>): Promise<void>;
