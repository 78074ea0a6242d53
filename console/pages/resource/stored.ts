import { queryOptions } from '@tanstack/react-query';
import type { Api } from '../../fhir/api.js';
import type { Resource } from '../../fhir/json.js';

/** A resource as it is stored: its text with every digit, and what is in it. */
export interface Stored {
  readonly text: string;
  readonly resource: Resource;
  readonly versionId: string;
}

/** Asks for a resource, or for a version of it. */
export const storedQuery = (api: Api, type: string, id: string, versionId?: string) =>
  queryOptions({
    queryKey: [api.version, 'resource', type, id, versionId ?? 'now'],
    queryFn: async ({ signal }): Promise<Stored> => {
      const version = versionId === undefined ? '' : `/_history/${versionId}`;
      const { text, json } = await api.send(`${type}/${id}${version}?_pretty=true`, { signal });
      const resource = json as Resource;
      return { text, resource, versionId: resource.meta?.versionId ?? '' };
    },
    ...(versionId === undefined ? {} : { staleTime: Infinity }),
  });
