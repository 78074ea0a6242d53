import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { ask } from './graphql';
import { Live } from './live';
import { Observations } from './observations';
import { PatientForm } from './patient-form';
import { fieldsOf, patchOf, type PatientFields } from './patient-patch';
import { DeletePatient, nameOf, PatientWithObservations } from './patients';
import { patchPatient } from './rest';
import { useLiveUpdates } from './use-live-updates';

/** A patient with the newest observations, kept up to date. */
export function PatientPage({ fhir, token }: { fhir: string; token(): Promise<string> }) {
  const { id = '' } = useParams();
  const navigate = useNavigate();
  const { data, error } = useQuery({
    queryKey: ['patient', id],
    queryFn: async () => (await ask(PatientWithObservations, { id })).Patient,
  });
  const liveness = useLiveUpdates('patient', { compartment: `Patient/${id}` });
  const [edited, setEdited] = useState<NonNullable<typeof data>>();
  const save = useMutation({
    async mutationFn(fields: PatientFields) {
      if (!edited) return;
      const steps = patchOf(edited, fields);
      const version = { id, versionId: edited.meta?.versionId ?? '' };
      if (steps.length > 0) await patchPatient(fhir, await token(), version, steps);
    },
    onSuccess: () => setEdited(undefined), // the change is told, and read
  });
  const remove = useMutation({
    mutationFn: () => ask(DeletePatient, { id }),
    onSuccess: () => navigate('/'),
  });

  if (error) return <Gone sentence={error.message} />;
  if (!data) return <p className="soft">One moment …</p>;
  if (edited) {
    const stop = (): void => {
      save.reset();
      setEdited(undefined);
    };
    return (
      <>
        <h1>{nameOf(edited.name)}</h1>
        <PatientForm
          initial={fieldsOf(edited)}
          busy={save.isPending}
          error={save.error}
          onSave={save.mutate}
          onCancel={stop}
        />
      </>
    );
  }
  return (
    <>
      <div className="bar">
        <h1>{nameOf(data.name)}</h1>
        <Live liveness={liveness} />
        <button onClick={() => setEdited(data)}>Edit</button>
        <button
          className="danger"
          onClick={() => {
            if (window.confirm(`Delete ${nameOf(data.name)}?`)) remove.mutate();
          }}
        >
          Delete
        </button>
      </div>
      {remove.error && <p role="alert">{remove.error.message}</p>}
      <dl>
        <dt>Gender</dt>
        <dd>{data.gender ?? '–'}</dd>
        <dt>Born</dt>
        <dd>{data.birthDate ?? '–'}</dd>
        <dt>Version</dt>
        <dd>{data.meta?.versionId}</dd>
      </dl>
      <h2>Observations</h2>
      <Observations connection={data.ObservationConnection} />
    </>
  );
}

/** A patient that is not there, or not any more. */
const Gone = ({ sentence }: { sentence: string }) => (
  <div className="card">
    <p role="alert">{sentence}</p>
    <Link to="/">All patients</Link>
  </div>
);
