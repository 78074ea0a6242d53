import { compartmentsOf } from '../fhir/compartment.js';
import { OperationOutcomeError } from '../fhir/outcome.js';
import { idPattern, keyText } from '../fhir/resource.js';
import { nextVersion } from '../persistence/version.js';
import { auditEvent, type AuditedAccess, type AuditTarget, keyOfTarget } from './audit-event.js';
import type { AuditLog } from './audit-log.js';
import type { Caller, FhirServer } from './server.js';
import { currentVersions } from './stored-content.js';

/**
 * An audit log of AuditEvents in the server's own store, where auditors search them. Each is a commit of its own.
 * @param server whose requests are recorded.
 * @param onFailure is told of records that could not be written.
 */
export const storedAuditLog = (
  { definitions, store, newId }: Pick<FhirServer, 'definitions' | 'store' | 'newId'>,
  onFailure: (error: unknown) => void,
): AuditLog => ({
  async record(access) {
    try {
      const id = newId();
      const resource = { ...auditEvent(definitions.version, access), id };
      const compartments = compartmentsOf(definitions, resource);
      const next = nextVersion({ resource, method: 'POST', now: access.at, id, compartments });
      await store.commit([{ kind: 'put', next }]);
    } catch (error) {
      onFailure(error);
    }
  },
});

/** What a request is about, as far as it is known before it is done. */
export interface AuditSubject {
  /** A code of http://hl7.org/fhir/restful-interaction. */
  readonly interaction: string;
  readonly operation?: string;
  readonly targets: readonly AuditTarget[];
}

/** What an answer says of the request. */
export interface AuditOutcome {
  readonly written?: readonly AuditTarget[];
  /** What of which types it gave, or told where to get, where the request does not say. */
  readonly given?: readonly AuditTarget[];
  readonly isRefused?: boolean;
}

/**
 * Does what a request asks for and records it, done or refused, where there is an audit log.
 * @param outcomeOf what it gave says of it: what was written, and whether it was refused without an error.
 * @throws whatever `act` throws.
 */
export async function audited<Result>(
  server: FhirServer,
  caller: Caller,
  subject: AuditSubject,
  act: () => Promise<Result>,
  outcomeOf: (result: Result) => AuditOutcome = () => ({}),
): Promise<Result> {
  const { audit } = server;
  if (audit === undefined) return act();
  // Before it is done: what is deleted or handed over was in this record.
  const before = await recordsOf(server, subject.targets);
  const record = async (
    { status, reason }: Pick<AuditedAccess, 'status' | 'reason'>,
    { written = [], given = [] }: AuditOutcome = {},
  ): Promise<void> => {
    const targets = [...subject.targets, ...written, ...given];
    const after = written.length === 0 ? [] : await recordsOf(server, targets);
    for (const [patient, about] of byPatient(targets, [...before, ...after])) {
      await audit.record({
        ...subject,
        principal: caller.principal,
        targets: about,
        ...(patient === '' ? {} : { patient }),
        status,
        ...(reason === undefined ? {} : { reason }),
        at: server.now(),
      });
    }
  };
  try {
    const result = await act();
    const outcome = outcomeOf(result);
    await record({ status: outcome.isRefused === true ? 'refused' : 'success' }, outcome);
    return result;
  } catch (error) {
    await record(failureOf(error));
    throw error;
  }
}

/**
 * How a request failed. Only the words of the rules (403) are kept: others may tell what a resource holds or what was
 * searched for.
 */
function failureOf(error: unknown): Pick<AuditedAccess, 'status' | 'reason'> {
  if (!(error instanceof OperationOutcomeError)) return { status: 'failed' };
  const { status, issues, message } = error;
  const words = status === 403 ? message : (issues[0]?.code ?? '');
  return { status: status < 500 ? 'refused' : 'failed', reason: `${String(status)} ${words}`.trim() };
}

/** A resource, and the patient in whose record it is. */
type InRecord = readonly [resource: string, patient: string];

const nameOf = ({ type, id }: AuditTarget): string => (id === undefined ? type : `${type}/${id}`);

/** In whose records the resources are, as they are now. 1 read per 100 resources. */
async function recordsOf(server: FhirServer, targets: readonly AuditTarget[]): Promise<readonly InRecord[]> {
  const keys = targets.flatMap(keyOfTarget).filter(({ id }) => idPattern.test(id));
  if (keys.length === 0) return [];
  const versions = await currentVersions(server, keys);
  return versions.flatMap((version) =>
    (version?.compartments ?? [])
      .filter((each) => each.startsWith('Patient/'))
      .map((patient): InRecord => [version === undefined ? '' : keyText(version), patient]),
  );
}

/**
 * What is recorded together: what is in one patient's record, and, under no name, what is in nobody's. A patient may see
 * what is recorded about them, and must not learn of others by it. Types stand with all of these.
 */
function byPatient(
  targets: readonly AuditTarget[],
  records: readonly InRecord[],
): ReadonlyMap<string, readonly AuditTarget[]> {
  const distinct = [...new Map(targets.map((each) => [nameOf(each), each])).values()];
  const resources = distinct.filter(({ id }) => id !== undefined);
  const types = distinct.filter(({ type, id }) => id === undefined && !resources.some((each) => each.type === type));
  const found = new Map<string, Map<string, AuditTarget>>();
  for (const each of resources) {
    const patients = records.filter(([resource]) => resource === nameOf(each)).map(([, patient]) => patient);
    for (const patient of patients.length === 0 ? [''] : patients) {
      found.set(patient, (found.get(patient) ?? new Map<string, AuditTarget>()).set(nameOf(each), each));
    }
  }
  if (found.size === 0) found.set('', new Map());
  return new Map([...found].map(([patient, about]) => [patient, [...about.values(), ...types]]));
}
