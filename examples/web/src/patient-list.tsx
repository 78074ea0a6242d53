import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue } from 'react';
import { Link, useSearchParams } from 'react-router';
import { ask } from './graphql';
import { Live } from './live';
import { nameOf, Patients } from './patients';
import { useLiveUpdates } from './use-live-updates';

/** Pages of patients whose name begins with each of the words. */
function usePatients(search: string) {
  const name = search.split(/\s+/).filter(Boolean);
  return useInfiniteQuery({
    queryKey: ['patients', ...name],
    queryFn: async ({ pageParam }) =>
      (await ask(Patients, { ...(name.length > 0 && { name }), ...(pageParam && { cursor: pageParam }) }))
        .PatientConnection,
    initialPageParam: '',
    getNextPageParam: (page) => page?.next,
    placeholderData: keepPreviousData,
  });
}

/** The list of patients, searched by name and kept up to date. */
export function PatientList() {
  const [parameters, setParameters] = useSearchParams();
  const search = parameters.get('name') ?? '';
  const { data, error, hasNextPage, fetchNextPage, isPending } = usePatients(useDeferredValue(search));
  const liveness = useLiveUpdates('patients', { type: 'Patient' });
  const patients = data?.pages.flatMap((page) => page?.edges?.map((edge) => edge?.resource) ?? []) ?? [];
  return (
    <>
      <h1 className="hidden">Patients</h1>
      <div className="bar">
        <label>
          <span className="hidden">Search by name</span>
          <input
            type="search"
            placeholder="Search by name"
            value={search}
            onChange={({ target }) => setParameters(target.value ? { name: target.value } : {}, { replace: true })}
          />
        </label>
        <Live liveness={liveness} />
        <Link to="/new" className="button primary">
          New patient
        </Link>
      </div>
      {error && <p role="alert">{error.message}</p>}
      <table aria-busy={isPending}>
        <caption className="soft">Patients: {data?.pages[0]?.count ?? '…'}</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Gender</th>
            <th scope="col">Born</th>
          </tr>
        </thead>
        <tbody>
          {patients.map(
            (patient) =>
              patient?.id && (
                <tr key={patient.id}>
                  <th scope="row">
                    <Link to={`/patients/${patient.id}`}>{nameOf(patient.name)}</Link>
                  </th>
                  <td>{patient.gender}</td>
                  <td>{patient.birthDate}</td>
                </tr>
              ),
          )}
        </tbody>
      </table>
      {data && patients.length === 0 && (
        <p className="empty">{search ? `Nobody is called “${search}”.` : 'There are no patients yet.'}</p>
      )}
      {hasNextPage && <button onClick={() => void fetchNextPage()}>More</button>}
    </>
  );
}
