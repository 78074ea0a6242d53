/** One way by which resources of a type are open: all that it names must hold. */
export interface Grant {
  /** The resource must be in one of these compartments, such as `Patient/1`; in any, or in none, without it. */
  readonly compartments?: readonly string[];
  /** The resource must match each of these queries, such as `category=laboratory`. */
  readonly criteria: readonly string[];
}

/** What of a type a principal may see or change: everything, or what at least one grant opens. */
export type Access = { readonly kind: 'everything' } | { readonly kind: 'limited'; readonly grants: readonly Grant[] };

export const everything: Access = { kind: 'everything' };

/** All that is in one of the compartments. */
export const inCompartments = (...compartments: readonly string[]): Access => ({
  kind: 'limited',
  grants: [{ compartments, criteria: [] }],
});

/** What at least one of several decisions opens; nothing when there are none. */
export function anyOf(decisions: readonly Access[]): Access {
  const grants = decisions.flatMap((access) => (access.kind === 'everything' ? [] : access.grants));
  return decisions.some(({ kind }) => kind === 'everything') ? everything : { kind: 'limited', grants };
}

/** The same access to what matches a query, and to nothing else. */
export const matching = (access: Access, query: string): Access => ({
  kind: 'limited',
  grants: (access.kind === 'everything' ? [{ criteria: [] }] : access.grants).map((grant) => ({
    ...grant,
    criteria: [...grant.criteria, query],
  })),
});
