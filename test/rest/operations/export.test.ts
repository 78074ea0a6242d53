import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { fhirVersions } from '../../../fhir/version.js';
import { ended, exported, kickOff, linesOf, manifestOf } from '../../support/jobs.js';
import { isOnS3, startTestServer, type TestServer } from '../../support/server.js';

const testOnFiles = isOnS3 ? test.skip : test;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ jobs: { limits: { mostOfCaller: 50, mostOfAll: 50 } } });
});
afterAll(async () => {
  await server.close();
  expect(server.logged).toEqual([]);
});

describe.each(fhirVersions)('$export, %s', (version) => {
  const put = async (resource: { resourceType: string; id: string; [member: string]: unknown }): Promise<string> => {
    const { status, text, json } = await server.send('PUT', `/${version}/${resource.resourceType}/${resource.id}`, {
      body: resource,
    });
    if (status >= 300) throw new Error(text);
    return json.meta.lastUpdated;
  };
  const observation = (id: string, patient: string, status = 'final'): Parameters<typeof put>[0] => ({
    resourceType: 'Observation',
    id,
    status,
    code: { text: 'weight' },
    subject: { reference: `Patient/${patient}` },
    valueQuantity: { value: 1.5, unit: 'kg' },
  });
  beforeAll(async () => {
    for (const id of ['p1', 'p2', 'p3']) {
      await put({ resourceType: 'Patient', id, active: true, name: [{ family: 'Chalmers', given: [id] }] });
      await put(observation(`o-${id}`, id));
    }
    await put(observation('o-p1-old', 'p1', 'cancelled'));
    await put({ resourceType: 'Organization', id: 'clinic', name: 'Clinic' });
  });
  const all = [
    'Observation/o-p1',
    'Observation/o-p1-old',
    'Observation/o-p2',
    'Observation/o-p3',
    'Organization/clinic',
    'Patient/p1',
    'Patient/p2',
    'Patient/p3',
  ];
  const ofPatients = all.filter((each) => !each.startsWith('Organization'));
  const parameters = (...parameter: object[]): object => ({ resourceType: 'Parameters', parameter });
  const patient = (reference: string): object => ({ name: 'patient', valueReference: { reference } });

  test('answers 202 with the URL of the status, which ends as a manifest of files', async () => {
    const job = await kickOff(server, version, '$export?_type=Patient,Organization');
    expect([job.answer.status, job.answer.json.resourceType]).toEqual([202, 'OperationOutcome']);
    expect(job.url).toMatch(new RegExp(`^${server.base(version)}/_jobs/[^/]+$`));
    const status = await ended(job);
    expect([status.status, status.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(Date.parse(status.headers['expires'] ?? '')).toBeGreaterThan(Date.now());
    const manifest = await manifestOf(job);
    expect(manifest).toMatchObject({
      request: `${server.base(version)}/$export?_type=Patient,Organization`,
      requiresAccessToken: !isOnS3,
      deleted: [],
      error: [],
    });
    expect(Date.parse(manifest.transactionTime)).toBeLessThanOrEqual(Date.now());
    expect(manifest.output.map(({ type }) => type).sort()).toEqual(expect.arrayContaining(['Organization', 'Patient']));
    expect(manifest.output.reduce((sum, { count }) => sum + count, 0)).toBe(4);
  });

  testOnFiles('gives each resource as a read gives it, one a line, as NDJSON', async () => {
    const job = await kickOff(server, version, '$export?_type=Patient');
    const [file] = (await manifestOf(job)).output;
    const answer = await server.send('GET', file?.url ?? '', { headers: { accept: 'application/fhir+ndjson' } });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/fhir+ndjson']);
    expect(answer.headers['content-length']).toBe(String(answer.bytes.length));
    const reads = await Promise.all(['p1', 'p2', 'p3'].map((id) => server.send('GET', `/${version}/Patient/${id}`)));
    expect(answer.text).toBe(reads.map(({ text }) => `${text}\n`).join(''));
    const head = await server.send('HEAD', file?.url ?? '');
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', String(answer.bytes.length)]);
  });

  testOnFiles('packs files for clients that take gzip', async () => {
    const job = await kickOff(server, version, '$export?_type=Patient');
    const [file] = (await manifestOf(job)).output;
    const answer = await server.send('GET', file?.url ?? '', { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(answer.bytes).toString().split('\n')).toHaveLength(4);
  });

  test.each([
    ['$export', all],
    ['Patient/$export', ofPatients],
    ['$export?_type=Observation', all.filter((each) => each.startsWith('Observation'))],
    ['$export?_type=Patient&_type=Organization', all.filter((each) => !each.startsWith('Observation'))],
    ['$export?_outputFormat=application/fhir%2Bndjson', all],
    ['$export?_outputFormat=application/fhir+ndjson', all],
    ['$export?_outputFormat=application/ndjson', all],
    ['$export?_outputFormat=ndjson', all],
    [
      `$export?_type=Observation,Patient&_typeFilter=${encodeURIComponent('Observation?status=final')}`,
      ofPatients.filter((each) => each !== 'Observation/o-p1-old'),
    ],
    [
      `$export?_type=Observation&_typeFilter=${encodeURIComponent('Observation?status=final&subject=Patient/p1,Observation?subject=Patient/p3')}`,
      ['Observation/o-p1', 'Observation/o-p3'],
    ],
    [
      `Patient/$export?_type=Observation&_typeFilter=${encodeURIComponent('Observation?status=final,cancelled&subject=Patient/p1')}`,
      ['Observation/o-p1', 'Observation/o-p1-old'],
    ],
    ['Patient/$export?_type=Immunization', []],
  ])('%s', async (path, expected) => {
    expect(await exported(server, version, path)).toEqual(expected);
  });

  test('takes its parameters in a POST as well, `patient` among them', async () => {
    const type = { name: '_type', valueString: 'Patient,Observation' };
    const body = parameters(patient('Patient/p2'), patient(`${server.base(version)}/Patient/p3`), type);
    expect(await exported(server, version, 'Patient/$export', { body })).toEqual([
      'Observation/o-p2',
      'Observation/o-p3',
      'Patient/p2',
      'Patient/p3',
    ]);
  });

  test('of a group gives its members: not those that are inactive, or were members once', async () => {
    await put({
      resourceType: 'Group',
      id: 'cohort',
      type: 'person',
      actual: true,
      member: [
        { entity: { reference: 'Patient/p1' }, inactive: true },
        { entity: { reference: 'Patient/p2' }, period: { end: '2100' } },
        { entity: { reference: 'Patient/p3' }, period: { end: '2020-01-31' } },
        { entity: { reference: 'Practitioner/x' } },
      ],
    });
    const members = ['Group/cohort', 'Observation/o-p2', 'Patient/p2'];
    expect(await exported(server, version, 'Group/cohort/$export')).toEqual(members);
    const body = parameters(patient('Patient/p1'));
    const outside = await kickOff(server, version, 'Group/cohort/$export', { body });
    expect([outside.answer.status, outside.answer.json.issue[0].diagnostics]).toEqual([
      400,
      'There is no Patient/p1 in the group',
    ]);
    expect((await kickOff(server, version, 'Group/none/$export')).answer.status).toBe(404);
    await server.send('DELETE', `/${version}/Group/cohort`);
  });

  test('_elements leaves out what is not asked for, and says so in the resource', async () => {
    const job = await kickOff(server, version, '$export?_type=Patient,Organization&_elements=Patient.active,name');
    const lines = await linesOf(job, (await manifestOf(job)).output);
    lines.sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(lines.map((line) => Object.keys(line))).toEqual([
      ['resourceType', 'id', 'meta', 'name'],
      ...Array.from({ length: 3 }, () => ['resourceType', 'id', 'meta', 'active', 'name']),
    ]);
    expect(JSON.stringify(lines[0])).toContain('SUBSETTED');
  });

  test('_since gives what was written later, and what was deleted later in `deleted`', async () => {
    await put(observation('o-temporary', 'p1'));
    const first = await manifestOf(await kickOff(server, version, '$export'));
    expect(first.deleted).toEqual([]);
    await put(observation('o-p2', 'p2', 'amended'));
    await server.send('DELETE', `/${version}/Observation/o-temporary`);
    const since = `_since=${encodeURIComponent(first.transactionTime)}`;
    const job = await kickOff(server, version, `$export?${since}`);
    const next = await manifestOf(job);
    expect((await linesOf(job, next.output)).map(({ id }) => id)).toEqual(['o-p2']);
    expect(next.deleted.map(({ type, count }) => [type, count])).toEqual([['Bundle', 1]]);
    expect(await linesOf(job, next.deleted)).toEqual([
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'DELETE', url: 'Observation/o-temporary' } }],
      },
    ]);
    // Whoever asks again from there on misses nothing and gets nothing twice.
    expect(await exported(server, version, `$export?_since=${encodeURIComponent(next.transactionTime)}`)).toEqual([]);
  });

  test('of patients gives the provenance of what is in their compartments', async () => {
    const provenance = (id: string, target: string): Parameters<typeof put>[0] => ({
      resourceType: 'Provenance',
      id,
      target: [{ reference: target }],
      recorded: '2026-01-01T00:00:00Z',
      agent: [version === 'r4' ? { who: { display: 'x' } } : { whoUri: 'urn:x' }],
    });
    await put(provenance('of-o-p1', 'Observation/o-p1'));
    await put(provenance('of-clinic', 'Organization/clinic'));
    const path = 'Patient/$export?_type=Provenance';
    expect(await exported(server, version, path)).toEqual(['Provenance/of-o-p1']);
    const body = parameters(patient('Patient/p2'), { name: '_type', valueString: 'Provenance' });
    expect(await exported(server, version, 'Patient/$export', { body })).toEqual([]);
    for (const id of ['of-o-p1', 'of-clinic']) await server.send('DELETE', `/${version}/Provenance/${id}`);
  });

  test.each([
    ['$export?_outputFormat=application/xml', 400, '_outputFormat'],
    ['$export?_since=yesterday', 400, '_since'],
    ['$export?_type=Patient,Nothing', 400, '_type'],
    ['Patient/$export?_type=Organization', 400, '_type'],
    ['$export?includeAssociatedData=LatestProvenanceResources', 400, 'includeAssociatedData'],
    ['$export?_typeFilter=Observation', 400, '_typeFilter'],
    ['$export?_typeFilter=Observation%3Fstatis%3Dfinal', 400, 'statis'],
    ['$export?_typeFilter=Observation%3F_include%3D*', 400, '_typeFilter'],
    ['$export?_typeFilter=Observation%3Fpatient.name%3Dx', 400, 'patient.name'],
    ['$export?_type=Patient&_typeFilter=Observation%3Fstatus%3Dfinal', 400, '_typeFilter'],
    ['$export?_elements=Patient.name.family', 400, '_elements'],
    ['$export?_elements=nothing', 400, '_elements'],
    ['$export?patient=Patient/p1', 400, 'patient'],
    ['$export?organizeOutputBy=Patient', 400, 'organizeOutputBy'],
  ])('%s is refused and names what is wrong', async (path, status, place) => {
    const { answer } = await kickOff(server, version, path);
    expect([answer.status, answer.json.issue[0].expression]).toEqual([status, [place]]);
  });

  test('with Prefer: handling=lenient leaves out what it cannot do, and tells it in an error file', async () => {
    const job = await kickOff(
      server,
      version,
      '$export?_type=Patient,Nothing&includeAssociatedData=LatestProvenanceResources&_elements=nothing',
      { headers: { prefer: 'respond-async, handling=lenient' } },
    );
    const { output, error } = await manifestOf(job);
    expect([...new Set(output.map(({ type }) => type))]).toEqual(['Patient']);
    expect(output.reduce((sum, { count }) => sum + count, 0)).toBe(3);
    expect(error.map(({ type, count }) => [type, count])).toEqual([['OperationOutcome', 3]]);
    expect((await linesOf(job, error)).map(({ issue }) => (issue as { severity: string }[])[0]?.severity)).toEqual([
      'warning',
      'warning',
      'warning',
    ]);
  });

  test('is begun by GET and POST, and not by HEAD', async () => {
    const jobs = async (): Promise<number> => {
      const { text } = await server.send('GET', `/${version}/_jobs`);
      return (JSON.parse(text) as { jobs: unknown[] }).jobs.length;
    };
    const before = await jobs();
    const { status, headers } = await server.send('HEAD', `/${version}/$export`, {
      headers: { prefer: 'respond-async' },
    });
    expect([status, headers.allow]).toEqual([405, 'GET, POST']);
    expect(await jobs()).toBe(before);
  });

  test('must be asked for with Prefer: respond-async, by itself', async () => {
    const plain = await server.send('GET', `/${version}/$export`);
    expect([plain.status, plain.json.issue[0].expression]).toEqual([400, ['http.Prefer']]);
    const bundle = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: '$export' } }] };
    const { json } = await server.send('POST', `/${version}`, { body: bundle });
    expect(json.entry[0]?.response?.status).toMatch(/^400/);
  });
});
