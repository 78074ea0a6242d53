import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkInvariants } from '../../fhir/check-invariants.js';
import { validateResource } from '../../fhir/validate.js';
import { fhirVersions } from '../../fhir/version.js';
import { storedAuditLog } from '../../interactions/audit.js';
import { stronglyConsistent } from '../../interactions/consistency.js';
import { fileOf, kickOff, manifestOf } from '../support/jobs.js';
import {
  type AnswerJson,
  entriesOf,
  isOnS3,
  startTestServer,
  type TestResponse,
  type TestServer,
} from '../support/server.js';

// A server that keeps an audit trail; what is recorded is read as an auditor would.

interface AuditEventJson extends AnswerJson {
  readonly action: string;
  readonly outcome: string;
  readonly outcomeDesc?: string;
  readonly subtype: readonly { readonly code: string }[];
  readonly entity?: readonly Entity[];
}
interface Entity {
  readonly what?: { readonly reference?: string };
  readonly reference?: { readonly reference?: string };
  readonly type?: { readonly code: string };
  readonly role?: { readonly code: string };
  readonly description?: string;
}

/** A patient's application that may write into their record. */
const app = {
  subject: 'sub-app',
  username: 'app',
  groups: [],
  scopes: ['patient/*.cruds'],
  clientId: 'app',
  patient: 'Patient/p1',
};

let server: TestServer;
const unrecorded: unknown[] = [];
beforeAll(async () => {
  server = await startTestServer({
    authorization: 'roles+smart',
    principals: { app },
    wrap: (each) => {
      const note = (error: unknown): void => void unrecorded.push(error);
      return Object.assign(each, { audit: storedAuditLog(stronglyConsistent(each, note), note) });
    },
  });
});
afterAll(async () => {
  await server.close();
  expect(unrecorded).toEqual([]);
});

describe.each(fhirVersions)('the audit trail of %s', (version) => {
  const send = (method: string, path: string, as: string, body?: unknown, headers = {}): Promise<TestResponse> =>
    server.send(method, `/${version}/${path}`, { as, headers, ...(body === undefined ? {} : { body }) });
  const patient = { resourceType: 'Patient', id: 'p1', name: [{ family: 'Secretson' }] };
  const observation = {
    resourceType: 'Observation',
    id: 'o1',
    status: 'final',
    code: { text: 'secret finding' },
    subject: { reference: 'Patient/p1' },
  };

  const events = async (query: string, as = 'auditor'): Promise<AuditEventJson[]> => {
    const { status, json } = await send('GET', `AuditEvent?_count=1000&_sort=date&${query}`, as);
    expect(status).toBe(200);
    return entriesOf(json).map(({ resource }) => resource as AuditEventJson);
  };
  const namesOf = ({ entity = [] }: AuditEventJson): string[] =>
    entity.map((each) => each.what?.reference ?? each.reference?.reference ?? each.type?.code ?? '');

  /** What was recorded between then and now, as `read Observation/o1 Patient/p1: 0`. */
  const recordedBy = async (act: () => Promise<unknown>): Promise<string[]> => {
    const before = new Set((await events('')).map(({ id }) => id));
    await act();
    return (await events(''))
      .filter(({ id, entity = [] }) => !before.has(id) && entity[0]?.type?.code !== 'AuditEvent')
      .map(
        (event) =>
          `${event.action} ${event.subtype.map(({ code }) => code).join(' ')} ${namesOf(event).join(' ')}: ${event.outcome}`,
      );
  };

  beforeAll(async () => {
    for (const body of [patient, observation])
      await send('PUT', `${body.resourceType}/${body.id}`, 'practitioner', body);
  });

  test.each<readonly [string, string, string, unknown, string]>([
    ['GET', 'Observation/o1', 'practitioner', undefined, 'R read Observation/o1 Patient/p1: 0'],
    ['GET', 'Patient/p1', 'practitioner', undefined, 'R read Patient/p1: 0'],
    ['GET', 'Observation/o1/_history/1', 'practitioner', undefined, 'R vread Observation/o1 Patient/p1: 0'],
    ['GET', 'Observation/o1/_history', 'practitioner', undefined, 'R history-instance Observation/o1 Patient/p1: 0'],
    ['GET', 'Patient/_history', 'practitioner', undefined, 'R history-type Patient: 0'],
    ['GET', 'Patient?family=Secretson', 'practitioner', undefined, 'R search-type Patient: 0'],
    ['GET', 'Patient/p1/Observation', 'practitioner', undefined, 'R search-type Patient/p1 Observation: 0'],
    ['GET', 'Patient/p1/$everything', 'practitioner', undefined, 'E operation everything Patient/p1: 0'],
    ['PUT', 'Observation/o1', 'practitioner', observation, 'U update Observation/o1 Patient/p1: 0'],
    ['DELETE', 'Observation/none', 'practitioner', undefined, 'D delete Observation/none: 0'],
    ['GET', 'Observation/o1', 'auditor', undefined, 'R read Observation/o1 Patient/p1: 4'],
    ['GET', 'Observation/o1', 'patient-2', undefined, 'R read Observation/o1 Patient/p1: 4'],
    ['PUT', 'Observation/o1', 'patient-1', observation, 'U update Observation/o1 Patient/p1: 4'],
    ['GET', 'Observation/none', 'practitioner', undefined, 'R read Observation/none: 4'],
    [
      'POST',
      '',
      'practitioner',
      {
        resourceType: 'Bundle',
        type: 'batch',
        entry: ['Observation/o1', 'Patient?family=Secretson'].map((url) => ({ request: { method: 'GET', url } })),
      },
      'E batch Observation/o1 Patient Patient/p1: 0',
    ],
  ])('tells of %s %s by %s', async (method, path, as, body, expected) => {
    expect(await recordedBy(() => send(method, path, as, body))).toEqual([expected]);
  });

  test.each([
    [
      'by the rules, in their words',
      'GET',
      'Observation/o1',
      'auditor',
      undefined,
      /^403 auditor \(auditor\) may not read Observation$/,
    ],
    ['since it is not there, or not theirs', 'GET', 'Observation/o1', 'patient-2', undefined, /^404 not-found$/],
    [
      'without what was wrong in it',
      'PUT',
      'Observation/o1',
      'practitioner',
      { ...observation, status: 'secret status' },
      /^4\d\d [a-z-]+$/,
    ],
  ])('tells why something was refused: %s', async (_, method, path, as, body, reason) => {
    const before = new Set((await events('outcome=4')).map(({ id }) => id));
    await send(method, path, as, body);
    const [refused] = (await events('outcome=4')).filter(({ id }) => !before.has(id));
    expect(refused?.outcomeDesc).toMatch(reason);
  });

  test('has nothing of what tells of the server and of the caller alone', async () => {
    for (const path of ['metadata', '$permissions', '$index-lag'])
      expect(await recordedBy(() => send('GET', path, 'practitioner'))).toEqual([]);
  });

  test('tells of a create what was made, and in whose record', async () => {
    let made = '';
    const recorded = await recordedBy(async () => {
      made = (await send('POST', 'Observation', 'practitioner', { ...observation, id: undefined })).json.id;
    });
    expect(recorded).toEqual([`C create Observation/${made} Patient/p1: 0`]);
  });

  test('tells of a delete by criteria what was deleted, and in whose record', async () => {
    const gone = { ...observation, id: 'gone', identifier: [{ value: 'gone' }] };
    await send('PUT', 'Observation/gone', 'practitioner', gone);
    const recorded = await recordedBy(() => send('DELETE', 'Observation?identifier=gone', 'practitioner'));
    expect(recorded).toEqual(['D delete Observation/gone Patient/p1: 0']);
  });

  test('tells nothing of a request without a token, nor of what everyone may ask', async () => {
    expect(
      await recordedBy(async () => {
        await server.send('GET', `/${version}/Patient/p1`, { as: null });
        await server.send('GET', `/${version}/metadata`, { as: null });
      }),
    ).toEqual([]);
  });

  test('holds nothing of resources and of what was searched for', async () => {
    await send('GET', 'Patient?family=Secretson&identifier=a%7Csecret', 'practitioner');
    const { text } = await send('GET', 'AuditEvent?_count=1000', 'auditor');
    expect(text).toContain('Patient/p1');
    expect(text.toLowerCase()).not.toContain('secret');
  });

  test('is found by who, what and how it ended, and says who it was', async () => {
    await send('GET', 'Patient/p1', 'patient-1');
    const [own] = (await events('agent=Patient/p1&action=R')).slice(-1);
    expect(own?.['agent' as 'name']).toEqual([
      expect.objectContaining({ altId: 'test', name: 'patient', requestor: true }),
    ]);
    expect((await events('outcome=4')).length).toBeGreaterThan(0);
    expect((await events('entity=Observation/o1&subtype=read')).length).toBeGreaterThan(0);
    expect((await events('patient=Patient/p1')).length).toBeGreaterThan(0);
  });

  test('is kept by the rules of its type', async () => {
    const { definitions } = server.servers[version];
    const all = await events('');
    expect(all.length).toBeGreaterThan(10);
    for (const event of all) {
      expect(validateResource(definitions, event)).toEqual([]);
      expect(checkInvariants(definitions, event, { errorsOnly: true })).toEqual([]);
    }
  });

  test('is added to, and changed by nobody', async () => {
    const [event] = await events('');
    const path = `AuditEvent/${event?.id ?? ''}`;
    const patch = { 'content-type': 'application/json-patch+json' };
    const meta = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }] };
    const tries: (readonly [string, string, unknown, object?])[] = [
      ['PUT', path, event],
      ['PUT', 'AuditEvent/of-my-own', { ...event, id: 'of-my-own' }],
      ['PATCH', path, '[]', patch],
      ['DELETE', path, undefined],
      ['PUT', `AuditEvent?_id=${event?.id ?? ''}`, event],
      ['PATCH', `AuditEvent?_id=${event?.id ?? ''}`, '[]', patch],
      ['DELETE', `AuditEvent?_id=${event?.id ?? ''}`, undefined],
      ['POST', `${path}/$meta-add`, meta],
      [
        'POST',
        '',
        { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'DELETE', url: path } }] },
      ],
      [
        'POST',
        '',
        {
          resourceType: 'Bundle',
          type: 'transaction',
          entry: [{ resource: event, request: { method: 'PUT', url: path } }],
        },
      ],
    ];
    for (const [method, target, body, headers] of tries) {
      expect([method, target, (await send(method, target, 'practitioner', body, headers)).status]).toEqual([
        method,
        target,
        403,
      ]);
    }
    expect((await send('GET', `${path}/_history`, 'auditor')).json.total).toBe(1);
    expect((await send('POST', 'AuditEvent', 'practitioner', { ...event, id: undefined })).status).toBe(201);
    // Who is limited to a record would forge it.
    expect((await send('POST', 'AuditEvent', 'patient-1', { ...event, id: undefined })).status).toBe(403);
    const writer = await send('POST', 'AuditEvent', 'app', { ...event, id: undefined });
    expect([writer.status, writer.json.issue[0].diagnostics]).toEqual([403, expect.stringContaining('every record')]);
  });

  test('is no part of what $everything gives, unless it is asked for', async () => {
    const typesOf = async (query: string): Promise<Set<string | undefined>> => {
      const { status, json } = await send('GET', `Patient/p1/$everything${query}`, 'practitioner');
      expect(status).toBe(200);
      return new Set(entriesOf(json).map(({ resource }) => resource?.resourceType));
    };
    expect(await typesOf('')).toEqual(new Set(['Patient', 'Observation']));
    expect(await typesOf('?_type=AuditEvent,Patient')).toEqual(new Set(['Patient', 'AuditEvent']));
  });

  test('shows a patient who looked into their record; of what is others’ it shows them nothing', async () => {
    expect((await events('subtype=read', 'patient-1')).length).toBeGreaterThan(0);
    const entry = ['Observation/o1', 'Patient/p1', 'Observation/none'].map((url) => ({
      request: { method: 'GET', url },
    }));
    for (const { request } of entry) await send('GET', request.url, 'patient-2');
    await send('POST', '', 'patient-2', { resourceType: 'Bundle', type: 'batch', entry });
    expect((await events('', 'patient-2')).flatMap(namesOf)).toEqual([]);
  });

  test('tells of what is in several records in one event for each', async () => {
    await send('PUT', 'Patient/p2', 'practitioner', { resourceType: 'Patient', id: 'p2' });
    const other = { ...observation, id: 'o2', subject: { reference: 'Patient/p2' } };
    await send('PUT', 'Observation/o2', 'practitioner', other);
    const entry = ['/Observation/o1', `${server.base(version)}/Observation/o2`, 'Organization/none'].map((url) => ({
      request: { method: 'GET', url },
    }));
    const recorded = await recordedBy(() =>
      send('POST', '', 'practitioner', { resourceType: 'Bundle', type: 'batch', entry }),
    );
    expect(recorded.toSorted()).toEqual([
      'E batch Observation/o1 Patient/p1: 4',
      'E batch Observation/o2 Patient/p2: 4',
      'E batch Organization/none: 4',
    ]);
    // Handed over, it was in the one record and is in the other.
    const moved = { ...other, subject: { reference: 'Patient/p1' } };
    expect((await recordedBy(() => send('PUT', 'Observation/o2', 'practitioner', moved))).toSorted()).toEqual([
      'U update Observation/o2 Patient/p1: 0',
      'U update Observation/o2 Patient/p2: 0',
    ]);
  });

  test('tells of an export who began it, and how much of which types each answer gave', async () => {
    const of = (event: AuditEventJson): string =>
      `${event.subtype.map(({ code }) => code).join(' ')}: ${(event.entity ?? [])
        .map((each) => `${each.type?.code ?? ''} ${each.description ?? ''}`)
        .toSorted()
        .join(', ')}`;
    const before = new Set((await events('')).map(({ id }) => id));
    const job = await kickOff(server, version, '$export?_type=Patient,Observation', { as: 'practitioner' });
    const [patients] = (await manifestOf(job)).output.filter(({ type }) => type === 'Patient');
    const id = job.url.split('/').at(-1) ?? '';
    if (patients !== undefined) await fileOf({ server, as: 'practitioner' }, patients.url);
    const told = new Set((await events('')).filter((each) => !before.has(each.id)).map(of));
    expect(told).toContain('operation export: ');
    expect(told).toContain(`operation job: Observation 3 of the job ${id}, Patient 2 of the job ${id}`);
    if (!isOnS3) expect(told).toContain(`operation job-file: Patient 2 of the job ${id}`);
  });
});
