import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compartmentsOf } from '../../fhir/compartment.js';
import { inCompartments, permits } from '../../search/access.js';
import type { Resource } from '../../fhir/resource.js';
import { searchType } from '../../interactions/search-type.js';
import type { Caller } from '../../interactions/server.js';
import { openServers } from '../../local/compose.js';
import { nextVersion } from '../../persistence/version.js';
import { match } from '../../search/match.js';
import { parseSearch } from '../../search/parse.js';
import type { Filter, ParsedFilter } from '../../search/request.js';
import { conditions, resource as anyResource } from '../search/generated-resources.js';
import { callerOf } from '../support/server.js';

const baseUrl = 'http://own.org/r4';

/** Chains and reverse chains over the generated resources: a type, a name and a value. */
const link = (depth: number): fc.Arbitrary<[string, string, string]> => {
  const plain = fc.constantFrom('Patient', 'Observation').chain((type) =>
    (conditions[type] ?? fc.constant<[string, string]>(['_id', '1']))
      .filter(([name]) => !/:(?:in|not-in|above|below)$/.test(name)) // some of them ask a terminology
      .map(([name, value]): [string, string, string] => [type, name, value]),
  );
  if (depth === 0) return plain;
  return link(depth - 1).chain(([type, name, value]): fc.Arbitrary<[string, string, string]> => {
    if (type === 'Patient') {
      return fc
        .constantFrom('subject:Patient', 'patient', 'subject')
        .map((reference) => ['Observation', `${reference}.${name}`, value]);
    }
    return fc.constantFrom('subject', 'patient').map((code) => ['Patient', `_has:Observation:${code}:${name}`, value]);
  });
};

test('chains find what following every reference one by one finds, also for who sees a part only', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyResource, { minLength: 10, maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 3 }).chain(link), { minLength: 25, maxLength: 25 }),
      async (resources, queries) => {
        const folder = mkdtempSync(join(tmpdir(), 'chain-'));
        const opened = await openServers(folder);
        const server = opened.servers.r4;
        try {
          const versions = resources.map((each, i) =>
            nextVersion({
              resource: each,
              id: String(i % 12) + (i < 12 ? '' : `-${String(i)}`),
              method: 'PUT',
              now: 0,
              compartments: compartmentsOf(
                server.definitions,
                { ...each, id: String(i % 12) + (i < 12 ? '' : `-${String(i)}`) },
                [baseUrl],
              ),
            }),
          );
          await server.store.commit(versions.map((next) => ({ kind: 'put', next })));
          const all = versions.map((version) => ({ version, resource: JSON.parse(version.body) as Resource }));
          const everyone: Caller = { ...callerOf('practitioner'), baseUrl };
          const patient: Caller = { ...callerOf('patient-1'), baseUrl };
          const one: Caller = { ...patient, principal: { ...patient.principal, fhirUser: 'Patient/1' } };
          for (const caller of [everyone, one]) {
            const visible = all
              .filter(({ version }) => caller === everyone || permits(inCompartments(['Patient/1']), version))
              .map(({ resource }) => resource);
            for (const [type, name, value] of queries) {
              const options = {
                handling: 'strict',
                baseUrl,
                defaultCount: 1000,
                maxCount: 1000,
                now: server.now(),
              } as const;
              const { filters } = parseSearch(server.definitions, type, [[name, value]], options);
              const wanted = visible.filter(
                (each) => each.resourceType === type && filters.every((filter) => follows(visible, filter, each)),
              );
              const page = await searchType(server, caller, {
                type,
                parameters: [[name, value]],
                handling: 'strict',
                count: 1000,
              });
              expect([name, value, page.matches.map(({ id }) => id).sort()]).toEqual([
                name,
                value,
                wanted.map(({ id }) => id ?? '').sort(),
              ]);
            }
          }
        } finally {
          await opened.close();
          rmSync(folder, { recursive: true });
        }
      },
    ),
    { numRuns: 8 },
  );
}, 60_000);

const refersTo = (
  parameter: { extract(resource: Resource): { value: unknown }[] },
  from: Resource,
  to: Resource,
): boolean => {
  const key = `${to.resourceType}/${to.id ?? ''}`;
  return parameter.extract(from).some(({ value }) => {
    const { reference = '' } = value as { reference?: string };
    return reference.replace(`${baseUrl}/`, '').replace(/\/_history\/.*$/, '') === key;
  });
};

/** Whether a resource satisfies a condition, found out by trying all other resources. */
function follows(all: readonly Resource[], filter: ParsedFilter, from: Resource): boolean {
  if (filter.kind === 'chain') {
    return filter.targets.some(({ type, filter: rest }) => {
      const inside = (from['contained'] as Resource[] | undefined)?.filter(({ id }) =>
        filter.parameter
          .extract(from)
          .some(({ value }) => (value as { reference?: string }).reference === `#${id ?? ''}`),
      );
      return (
        all.some(
          (each) => each.resourceType === type && refersTo(filter.parameter, from, each) && follows(all, rest, each),
        ) || (inside ?? []).some((each) => each.resourceType === type && follows(all, rest, each))
      );
    });
  }
  if (filter.kind === 'has') {
    const { type, filter: rest } = filter.source;
    return all.some(
      (each) => each.resourceType === type && refersTo(filter.parameter, each, from) && follows(all, rest, each),
    );
  }
  return match({ type: from.resourceType, filters: [filter as Filter] }, from);
}
