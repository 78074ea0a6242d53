import type { Principal } from '../../auth/principal.js';
import type { Recorded } from './record.js';

/** Somebody who may see a part of the record, written down here once more and by hand. */
export interface LimitedCaller {
  readonly principal: Principal;
  readonly sees: (resource: Recorded) => boolean;
}

const caller = (
  name: string,
  scope: string,
  sees: LimitedCaller['sees'],
  more: Partial<Principal> = {},
): readonly [string, LimitedCaller] => [
  name,
  {
    sees,
    principal: { subject: name, username: name, groups: [], scopes: scope.split(' '), clientId: 'app', ...more },
  },
];

const signedIn = 'openid profile';
const p1 = { patient: 'Patient/p1' };
const ownRecord = ({ type, patient }: Recorded): boolean => patient === 'p1' || type === 'Organization';
const nothing = (): boolean => false;
const ofTypes =
  (...types: readonly string[]) =>
  ({ type }: Recorded): boolean =>
    types.includes(type);

/** Every role, and a scope of every context, form and limit. */
export const limitedCallers: Readonly<Record<string, LimitedCaller>> = Object.fromEntries([
  caller('patient', signedIn, ownRecord, { groups: ['patient'], fhirUser: 'Patient/p1' }),
  caller('auditor', signedIn, ofTypes('Patient', 'AuditEvent'), { groups: ['auditor'] }),
  caller('non-practitioner', signedIn, ofTypes('Coverage'), { groups: ['non-practitioner'] }),
  caller('operator', signedIn, nothing, { groups: ['operator'] }),
  caller('nobody', signedIn, nothing),
  caller('practitioner for nothing', `${signedIn} patient/x`, nothing, { groups: ['practitioner'] }),
  caller('patient/*.read', 'patient/*.read', ownRecord, p1),
  caller('patient/*.cruds', `${signedIn} launch/patient patient/*.cruds`, ownRecord, p1),
  caller('patient/*.rs of a practitioner', 'patient/*.rs', ownRecord, { ...p1, groups: ['practitioner'] }),
  caller(
    'patient/Observation.*',
    'patient/Observation.*',
    ({ type, patient }) => type === 'Observation' && patient === 'p1',
    p1,
  ),
  caller(
    'patient/Patient.rs patient/Observation.cruds?category=laboratory',
    'patient/Patient.rs patient/Observation.cruds?category=laboratory',
    ({ patient, type, isLab }) => patient === 'p1' && (isLab === true || type === 'Patient'),
    p1,
  ),
  caller('patient/*.rs without a patient', 'patient/*.rs', nothing),
  caller('user/*.cruds of an auditor', 'user/*.cruds', ofTypes('Patient', 'AuditEvent'), { groups: ['auditor'] }),
  caller('user/*.rs of a patient', 'user/*.rs', ownRecord, { fhirUser: 'Patient/p1' }),
  caller('user/Patient.rs of a practitioner', 'user/Patient.rs', ofTypes('Patient'), { groups: ['practitioner'] }),
  caller('system/*.cruds of a user', 'system/*.cruds', nothing, { groups: ['patient'] }),
  caller(
    'system/Observation.rs?category=laboratory',
    'system/Observation.rs?category=laboratory',
    ({ isLab }) => isLab === true,
    {
      isApplication: true,
    },
  ),
  caller('system/Coverage.cruds', 'system/Coverage.cruds', ofTypes('Coverage'), { isApplication: true }),
]);
