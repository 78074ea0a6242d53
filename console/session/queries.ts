import { queryOptions, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { Api } from '../fhir/api.js';
import { type Capabilities, capabilitiesOf } from '../fhir/capabilities.js';
import { type Job, jobsOf } from '../fhir/jobs.js';
import { type Permissions, permissionsOf } from '../fhir/permissions.js';
import { type FhirVersion, isFhirVersion } from '../fhir/version.js';
import { useSession } from './session.js';

/** The FHIR version the page is about: the first part of its path. */
export function useVersion(): FhirVersion {
  const { version } = useParams({ strict: false });
  const { settings } = useSession();
  return version !== undefined && isFhirVersion(version) ? version : (settings.apis[0]?.version ?? 'r4');
}

/** The API of the page's version. */
export const useApi = (): Api => useSession().api(useVersion());

/** What the server does, by type. */
export function useCapabilities(): UseQueryResult<Capabilities> {
  const api = useApi();
  return useQuery({
    queryKey: [api.version, 'metadata'],
    queryFn: async ({ signal }) => capabilitiesOf((await api.send('metadata', { signal })).json),
    staleTime: Infinity,
  });
}

/** What the person may do. */
export function usePermissions(): UseQueryResult<Permissions> {
  const api = useApi();
  return useQuery({
    queryKey: [api.version, 'permissions'],
    queryFn: async ({ signal }) => permissionsOf((await api.send('$permissions', { signal })).json),
    staleTime: 600_000,
  });
}

/** The jobs that the person sees, asked for again while one is under way. */
export const jobsQuery = (api: Api) =>
  queryOptions({
    queryKey: [api.version, 'jobs'],
    queryFn: async ({ signal }): Promise<readonly Job[]> => jobsOf((await api.send('_jobs', { signal })).json),
    refetchInterval: ({ state }) => (state.data?.some((job) => job.state === 'running') === true ? 2_000 : 60_000),
    staleTime: 0,
    retry: false,
  });
