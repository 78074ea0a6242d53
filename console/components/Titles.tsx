import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, use } from 'react';
import { resourcesOf } from '../fhir/bundle.js';
import { isObject, listOf, type Resource, textAt } from '../fhir/json.js';
import { titleOf } from '../fhir/text.js';
import { useApi } from '../session/queries.js';
import { targetOf } from './target.js';

const TitlesContext = createContext<ReadonlyMap<string, string>>(new Map());

/** What a reference leads to is called, where that is known here; by `Patient/1`. */
export const useTitles = (): ReadonlyMap<string, string> => use(TitlesContext);

/** The ids of patients that elements of resources refer to without saying their names. */
function namelessPatients(resources: readonly Resource[]): readonly string[] {
  const found = resources.flatMap((resource) =>
    Object.values(resource)
      .flatMap(listOf)
      .filter((value) => isObject(value) && textAt(value, 'display') === undefined)
      .map((value) => targetOf(textAt(value, 'reference'))),
  );
  return [...new Set(found.flatMap((target) => (target?.type === 'Patient' ? [target.id] : [])))].toSorted();
}

/**
 * Names for the references inside: of what came along, and of patients, who are asked for together, since nobody knows
 * people by their ids.
 */
export function Titles({
  resources,
  known,
  children,
}: {
  readonly resources: readonly Resource[];
  readonly known: readonly Resource[];
  readonly children: ReactNode;
}) {
  const api = useApi();
  const ids = namelessPatients(resources).filter((id) => !known.some((each) => each.id === id));
  const { data } = useQuery({
    queryKey: [api.version, 'patient-names', ids],
    queryFn: async ({ signal }) => {
      const path = `Patient?_id=${ids.join(',')}&_elements=name&_count=${String(ids.length)}`;
      const { json } = await api.send(path, { signal });
      return resourcesOf(json);
    },
    enabled: ids.length > 0,
    retry: false,
  });
  const titles = new Map(
    [...known, ...(data ?? [])].map((each) => [`${each.resourceType}/${each.id ?? ''}`, titleOf(each)]),
  );
  return <TitlesContext value={titles}>{children}</TitlesContext>;
}
