import { join } from 'node:path';
import { type FhirVersion, fhirVersions } from '../../fhir/version.js';
import { projectFolder } from '../project-folder.js';
import { demoPatientId } from '../sign-in/users.js';
import { findInputFiles } from './input-file.js';
import type { PlannedFile } from './load-files.js';
import type { Target } from './post.js';

/**
 * Whether a server already holds the demo's patient, and with it all of the demo: it is loaded in one transaction.
 * @param target the server.
 * @returns false as well when the server does not answer, which loading then reports.
 */
export async function holdsDemo(target: Target): Promise<boolean> {
  const headers = target.token === undefined ? {} : { Authorization: `Bearer ${target.token}` };
  const response = await fetch(`${target.base}/Patient/${demoPatientId}`, { headers }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status === 200;
}

/**
 * The demo's files: one patient with everything about them, in R4 and in STU3.
 * @returns a file for each version.
 */
export async function demoFiles(): Promise<PlannedFile[]> {
  const planned: PlannedFile[] = [];
  for (const version of fhirVersions) {
    for (const file of await findInputFiles([join(projectFolder(), 'demo', `${version}.json`)])) {
      planned.push({ file, version });
    }
  }
  return planned;
}

/**
 * What to try after the demo was loaded.
 * @param bases the base URL of each version.
 * @returns lines for a shell.
 */
export function nextSteps(bases: Readonly<Record<FhirVersion, string>>): string {
  const query = `{ Patient(id: \\"${demoPatientId}\\") { name { family given } birthDate ObservationList(_reference: subject, _count: 3) { code { text } effectiveDateTime } } }`;
  return `Try next:

TOKEN=$(npm run -s token -- practitioner)
curl -s -H "Authorization: Bearer $TOKEN" "${bases.r4}/Patient/${demoPatientId}?_pretty=true"
curl -s -H "Authorization: Bearer $TOKEN" "${bases.r4}/Observation?patient=${demoPatientId}&_count=3&_sort=-date&_pretty=true"
curl -s -H "Authorization: Bearer $TOKEN" "${bases.stu3}/Encounter?patient=${demoPatientId}&_include=Encounter:patient&_pretty=true"
curl -s -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" ${bases.r4}/graphql -d '{"query":"${query}"}'
`;
}
