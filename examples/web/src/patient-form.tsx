import { type FormEvent, useId } from 'react';
import type { PatientFields } from './patient-patch';

const genders = ['female', 'male', 'other', 'unknown'];

/** What a form's fields say. */
function fieldsIn(form: HTMLFormElement): PatientFields {
  const values = new FormData(form);
  const text = (name: keyof PatientFields): string => String(values.get(name) ?? '').trim();
  return { family: text('family'), given: text('given'), gender: text('gender'), birthDate: text('birthDate') };
}

/** The form for a new patient or a change. A birth date may be partial, as in FHIR: 1974, 1974-12 or 1974-12-25. */
export function PatientForm({
  initial,
  busy,
  error,
  onSave,
  onCancel,
}: {
  initial?: PatientFields;
  busy: boolean;
  error: Error | null;
  onSave(fields: PatientFields): void;
  onCancel(): void;
}) {
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onSave(fieldsIn(event.currentTarget));
  };
  return (
    <form className="card" onSubmit={submit}>
      <label>
        Family name
        <input name="family" defaultValue={initial?.family} required autoFocus />
      </label>
      <label>
        Given names
        <input name="given" defaultValue={initial?.given} />
      </label>
      <label>
        Gender
        <select name="gender" defaultValue={initial?.gender}>
          <option value="">not known here</option>
          {genders.map((gender) => (
            <option key={gender}>{gender}</option>
          ))}
        </select>
      </label>
      <label>
        Born
        <input
          name="birthDate"
          defaultValue={initial?.birthDate}
          pattern="\d{4}(-\d{2}(-\d{2})?)?"
          placeholder="1974-12-25"
          aria-describedby={id}
        />
        <small id={id} className="soft">
          Year, year-month or year-month-day
        </small>
      </label>
      {error && <p role="alert">{error.message}</p>}
      <div className="bar">
        <button className="primary" disabled={busy}>
          Save
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
