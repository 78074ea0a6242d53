import { describe, expect, test } from '@jest/globals';
import { accessOf, auditQuery } from '../../console/fhir/audit.js';
import { exportPath, filesOf, importBody } from '../../console/fhir/jobs.js';
import { pairsOf } from '../../console/fhir/query.js';
import { referencesOf } from '../../console/fhir/references.js';
import { fhirVersions } from '../../fhir/version.js';
import { auditEvent } from '../../interactions/audit-event.js';

const principal = { subject: 's1', username: 'ada', groups: [], scopes: [], clientId: 'app' };
const done = { principal, status: 'success', at: Date.UTC(2026, 0, 2) } as const;
const blank = { who: '', patient: '', about: '', what: '', outcome: '', from: '', until: '' };

describe.each(fhirVersions)('an audit event of this server, %s,', (version) => {
  test('tells who did what to what, of whose record', () => {
    const targets = [{ type: 'Observation', id: 'o1' }];
    const event = auditEvent(version, { ...done, interaction: 'read', targets, patient: 'Patient/p1' });
    expect(accessOf(event)).toMatchObject({
      who: 'ada',
      client: 'app',
      what: 'read',
      targets: ['Observation/o1'],
      patient: 'Patient/p1',
      outcome: 'done',
      reason: undefined,
      when: '2026-01-02T00:00:00.000Z',
    });
  });

  test('tells why it was refused, and which operation it was', () => {
    const event = auditEvent(version, {
      ...done,
      status: 'refused',
      reason: '403 no',
      interaction: 'operation',
      operation: 'everything',
      targets: [{ type: 'Patient', id: 'p1' }],
    });
    expect(accessOf(event)).toMatchObject({
      what: 'ran $everything on',
      targets: ['Patient/p1'],
      patient: 'Patient/p1',
      outcome: 'refused',
      reason: '403 no',
    });
  });
});

describe('what an auditor looks for', () => {
  test('is a search by the parameters of AuditEvent; what is empty is not looked at', () => {
    expect(auditQuery(blank)).toBe('');
    const all = {
      who: 'ada',
      patient: 'p1',
      about: 'Observation',
      what: 'read',
      outcome: '4',
      from: '2026-01-01',
      until: '2026-02-01',
    };
    expect(pairsOf(auditQuery(all)).map(({ key, value }) => `${key}=${value}`)).toEqual([
      'agent-name=ada',
      'patient=Patient/p1',
      'entity-type=Observation',
      'subtype=read',
      'outcome=4',
      'date=ge2026-01-01',
      'date=le2026-02-01',
    ]);
    expect(auditQuery({ ...blank, about: 'Observation/o1' })).toBe('entity=Observation%2Fo1');
  });
});

describe('jobs', () => {
  test('an export is asked for by its place, types, time and criteria', () => {
    const nothing = { level: 'system', group: '', types: [], since: '', filters: '' } as const;
    expect(exportPath(nothing)).toBe('$export');
    expect(
      exportPath({
        level: 'group',
        group: 'g1',
        types: ['Patient', 'Condition'],
        since: '2026-01-01',
        filters: 'Condition?code=x\n',
      }),
    ).toBe(
      'Group/g1/$export?_type=Patient%2CCondition&_since=2026-01-01T00%3A00%3A00Z&_typeFilter=Condition%3Fcode%3Dx',
    );
    expect(exportPath({ ...nothing, level: 'patients' })).toBe('Patient/$export');
  });

  test.each([
    ['https://a/b/P.ndjson', 'https'],
    ['s3://a/P.ndjson', 'aws-s3'],
    ['file:///a/P.ndjson', 'file'],
  ])('an import of %s is from %s', (url, type) => {
    expect(JSON.parse(importBody([{ type: 'Patient', url }], false))).toMatchObject({
      storageDetail: { type },
      input: [{ type: 'Patient', url }],
    });
  });

  test('the files of a manifest are what was made, what was deleted and what went wrong', () => {
    const manifest = {
      output: [{ type: 'Patient', url: 'u', count: 3 }],
      error: [{ type: 'OperationOutcome', url: 'e', inputUrl: 'i' }],
    };
    expect(filesOf(manifest)).toEqual([
      { kind: 'output', type: 'Patient', url: 'u', count: 3 },
      { kind: 'error', type: 'OperationOutcome', url: 'e', source: 'i', count: undefined },
    ]);
  });
});

test('the references of a resource are found wherever they stand, without contained ones', () => {
  const resource = {
    resourceType: 'Encounter',
    subject: { reference: 'Patient/1', display: 'Ada' },
    participant: [{ individual: { reference: 'Practitioner/2' } }, { individual: { reference: 'Practitioner/2' } }],
    serviceProvider: { reference: '#own' },
  };
  expect(referencesOf(resource)).toEqual([
    { path: 'subject', reference: 'Patient/1', display: 'Ada' },
    { path: 'participant.individual', reference: 'Practitioner/2', display: undefined },
  ]);
});
