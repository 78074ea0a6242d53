import { useMutation } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { ask } from './graphql';
import { PatientForm } from './patient-form';
import { type PatientFields, patientOf } from './patient-patch';
import { CreatePatient } from './patients';

/** Creates a patient by GraphQL, and goes to its page. */
export function NewPatient() {
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (fields: PatientFields) => ask(CreatePatient, { patient: patientOf(fields) }),
    onSuccess: ({ PatientCreate }) => navigate(`/patients/${PatientCreate?.resource?.id ?? ''}`, { replace: true }),
  });
  return (
    <>
      <h1>New patient</h1>
      <PatientForm
        busy={create.isPending}
        error={create.error}
        onSave={create.mutate}
        onCancel={() => void navigate(-1)}
      />
    </>
  );
}
