import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { nextPageOf, resourcesOf } from '../../fhir/bundle.js';
import { type Resource, textAt } from '../../fhir/json.js';
import { remembered } from '../../fhir/remembered.js';
import { useApi } from '../../session/queries.js';

/** What is asked of a record, page by page until all of it is there. */
interface Gathered {
  readonly resources: readonly Resource[];
  readonly isComplete: boolean;
  readonly error: Error | null;
}

const none: readonly Resource[] = [];

/** What pages hold. The query keeps the pages, and so what was made of them. */
const resourcesOn = remembered((pages: readonly unknown[]): readonly Resource[] =>
  pages.flatMap((bundle) => resourcesOf(bundle)),
);

/**
 * Gathers all pages of a search or an operation; what came is shown while the rest is on its way.
 * @param path below the base.
 * @param mode `match` leaves included resources out.
 */
export function useAllPages(path: string): Gathered {
  const api = useApi();
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: [api.version, 'all', path],
    queryFn: async ({ pageParam, signal }) => (await api.send(pageParam, { signal })).json,
    initialPageParam: path,
    getNextPageParam: (bundle: unknown) => nextPageOf(api, bundle),
    staleTime: 60_000,
  });
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return {
    resources: data === undefined ? none : resourcesOn(data.pages),
    isComplete: data !== undefined && !hasNextPage,
    error,
  };
}

/** What a search of the record finds, and how many there are. */
export function useFound(type: string, query: string) {
  const api = useApi();
  return useQuery({
    queryKey: [api.version, 'search', type, query],
    queryFn: async ({ signal }) => {
      const { json } = await api.send(`${type}?${query}`, { signal });
      return {
        total: Number(textAt(json, 'total') ?? '0'),
        resources: resourcesOf(json),
      };
    },
  });
}
