// Loads all Synthea patients of a folder (r4/ and stu3/ inside) into a server of its own over HTTP, and compares what
// comes back over REST with the files, and over GraphQL with REST.  usage: node synthea.mjs FOLDER
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

const [folder] = process.argv.slice(2);
const data = mkdtempSync(join(tmpdir(), 'fhir-synthea-'));
const env = { ...process.env, DATA_DIR: data, HOST: '127.0.0.1', PORT: '3998', LOG_LEVEL: 'warn' };
const root = 'http://127.0.0.1:3998';
const token = spawnSync('node', ['dist/token.js', 'practitioner'], { env, encoding: 'utf8' }).stdout.trim();
const server = spawn('node', ['dist/main.js'], { env, stdio: 'inherit' });
let wrong = 0;
const check = (ok, what) => {
  if (ok) return;
  wrong += 1;
  if (wrong <= 20) console.log(`WRONG ${what}`);
};
const get = async (url) => {
  const reply = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!reply.ok) throw new Error(`${url}: ${reply.status} ${await reply.text()}`);
  return reply.json();
};
const query = async (version, text, variables) => {
  const reply = await fetch(`${root}/${version}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: text, variables }),
  });
  const { data: answer, errors } = await reply.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return answer;
};
const all = async (url) => {
  const found = [];
  for (let next = url; next;) {
    const bundle = await get(next);
    found.push(...(bundle.entry ?? []).map((entry) => entry.resource));
    next = bundle.link.find((link) => link.relation === 'next')?.url;
  }
  return found;
};
// What the server sets itself is not compared: id, version and time, and where urn:uuid and conditional references went.
const comparable = (resource) => {
  const { id, meta: { versionId, lastUpdated, ...meta } = {}, ...rest } = resource;
  const text = JSON.stringify({ ...rest, meta }, (key, value) => {
    if (key === 'reference' && !value.startsWith('#')) return 'reference';
    return value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  });
  return text;
};

async function comparePatient(version, bundle) {
  const of = (type) => bundle.entry.map((entry) => entry.resource).filter((resource) => resource.resourceType === type);
  const [source] = of('Patient');
  const identifier = encodeURIComponent(`https://github.com/synthetichealth/synthea|${source.identifier[0].value}`);
  const [patient, ...others] = await all(`${root}/${version}/Patient?identifier=${identifier}`);
  const name = source.name[0].family;
  check(
    patient && others.length === 0 && comparable(patient) === comparable(source),
    `${version} ${name}: Patient over REST`,
  );
  for (const type of ['Observation', 'Encounter', 'Condition', 'Procedure']) {
    const stored = await all(`${root}/${version}/${type}?subject=Patient/${patient.id}&_count=200`);
    const same = isDeepStrictEqual(stored.map(comparable).sort(), of(type).map(comparable).sort());
    check(same, `${version} ${name}: ${stored.length} of ${of(type).length} ${type}s over REST`);
  }
  const observations = await all(`${root}/${version}/Observation?subject=Patient/${patient.id}&_count=20&_sort=_id`);
  const graph = await query(
    version,
    `query Q($id: ID!) { Patient(id: $id) { id gender birthDate name { use family given prefix } identifier { system value }
      address { line city state country } telecom { system value use }
      ObservationConnection: ObservationList(_reference: subject, _count: 1000) { id status effectiveDateTime issued
        code { text coding { system code display } } valueQuantity { value unit system code } subject { reference } }
      EncounterList(_reference: subject, _count: 1) { id participant { individual { reference resource { ... on Practitioner { id name { family given } identifier { system value } } } } } } } }`,
    { id: patient.id },
  );
  const clean = (value) => JSON.parse(JSON.stringify(value, (key, inner) => (inner === null ? undefined : inner)));
  const pick = (resource, keys) =>
    Object.fromEntries(keys.filter((key) => key in resource).map((key) => [key, resource[key]]));
  const { name: names, gender, birthDate, address } = clean(graph.Patient);
  check(
    isDeepStrictEqual(
      [names, gender, birthDate, address.map((a) => a.city)],
      [
        patient.name.map((n) => pick(n, ['use', 'family', 'given', 'prefix'])),
        patient.gender,
        patient.birthDate,
        patient.address.map((a) => a.city),
      ],
    ),
    `${version} ${name}: Patient over GraphQL`,
  );
  const byId = new Map(clean(graph.Patient.ObservationConnection).map((observation) => [observation.id, observation]));
  check(byId.size === of('Observation').length, `${version} ${name}: ${byId.size} Observations over GraphQL`);
  for (const observation of observations) {
    const other = byId.get(observation.id);
    const expected = pick(observation, ['id', 'status', 'effectiveDateTime', 'issued', 'valueQuantity', 'subject']);
    if (expected.valueQuantity) expected.valueQuantity.value = String(expected.valueQuantity.value);
    if (expected.subject) expected.subject = { reference: expected.subject.reference };
    if (other?.valueQuantity) other.valueQuantity.value = String(Number(other.valueQuantity.value));
    const got = other && pick(other, Object.keys(expected));
    check(
      isDeepStrictEqual(got, expected),
      `${version} ${name}: Observation/${observation.id} over GraphQL\n${JSON.stringify(got)}\n${JSON.stringify(expected)}`,
    );
  }
  for (const { individual } of clean(graph.Patient.EncounterList)[0]?.participant ?? []) {
    const practitioner = await get(`${root}/${version}/${individual.reference}`);
    check(
      individual.resource?.id === practitioner.id && individual.resource.name[0].family === practitioner.name[0].family,
      `${version} ${name}: ${individual.reference} behind the encounter over GraphQL`,
    );
  }
}

try {
  for (let i = 0; i < 100; i += 1) {
    if (
      await fetch(`${root}/r4/metadata`).then(
        (reply) => reply.ok,
        () => false,
      )
    )
      break;
    await new Promise((done) => setTimeout(done, 100));
  }
  for (const version of ['r4', 'stu3']) {
    const begun = Date.now();
    const load = spawnSync(
      'node',
      ['dist/load.js', join(folder, version), '--to', version, '--base', root, '--token', token],
      { env, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    console.log(load.stdout.split('\n').slice(-25).join('\n'), load.stderr.slice(-2000));
    check(load.status === 0, `${version}: load ended with ${load.status}`);
    const loaded = Date.now();
    let patients = 0;
    for (const file of readdirSync(join(folder, version))) {
      const bundle = JSON.parse(readFileSync(join(folder, version, file), 'utf8'));
      if (!bundle.entry.some((entry) => entry.resource.resourceType === 'Patient')) continue;
      patients += 1;
      await comparePatient(version, bundle);
    }
    check(patients === 50, `${version}: ${patients} patients in the folder`);
    console.log(
      `${version}: ${patients} patients loaded in ${(loaded - begun) / 1000} s and compared in ${(Date.now() - loaded) / 1000} s; ${wrong} wrong`,
    );
  }
} finally {
  server.kill('SIGTERM');
  await new Promise((done) => server.once('exit', done));
  rmSync(data, { recursive: true, force: true });
}
process.exit(wrong === 0 ? 0 : 1);
