/**
 * What of the resources a principal may see, decided before anything is read: everything, or only what is in
 * one of the compartments (`Patient/1`). Part of every search plan; checked on every version that leaves the store.
 */
export type AccessFilter =
  { readonly kind: 'everything' } | { readonly kind: 'compartments'; readonly compartments: readonly string[] };

/** Whether a version in these compartments (`Patient/1`, …) may be seen. O(n·m), both small. */
export const permits = (filter: AccessFilter, compartments: readonly string[]): boolean =>
  filter.kind === 'everything' || compartments.some((compartment) => filter.compartments.includes(compartment));
