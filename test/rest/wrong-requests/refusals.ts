import { describe, expect, test } from '@jest/globals';
import { fhirVersions, type FhirVersion } from '../../../fhir/version.js';
import { issueCode, staleStatus, type TestServer } from '../../support/server.js';

/** A request that must be refused, and how. */
export interface WrongRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly as?: string | null;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** `stale`: what the version answers when a write names a stale version. */
  readonly status: number | 'stale';
  readonly code: string;
  /** The expression of the first issue; a part of its diagnostics. */
  readonly place?: string;
  readonly says?: string;
  /** The version that refuses it; both without. */
  readonly only?: FhirVersion;
}

/** Tests that requests are refused as they should be, and change nothing. */
export function describeRefusals(server: () => TestServer, wrong: readonly WrongRequest[]): void {
  describe.each(fhirVersions)('%s refuses', (version) => {
    const here = wrong.filter(({ only }) => only === undefined || only === version);
    test.each(here)('$name', async ({ method, path, status, code, place, says, ...request }) => {
      const at = server();
      const count = async (): Promise<number> =>
        (await at.send('GET', `/${version}/Patient?_summary=count`)).json.total;
      const before = await count();
      const answer = await at.send(method, `/${version}${path}`, request);
      expect([answer.status, answer.json.resourceType, answer.json.issue[0].code]).toEqual([
        status === 'stale' ? staleStatus[version] : status,
        'OperationOutcome',
        issueCode(version, code),
      ]);
      expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8');
      expect(answer.json.issue[0].diagnostics).toEqual(expect.stringContaining(says ?? ''));
      if (place !== undefined) expect(answer.json.issue[0].expression).toEqual([place]);
      expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
      expect(answer.headers.allow !== undefined).toBe(status === 405);
      expect(await count()).toBe(before);
      expect(at.logged).toEqual([]);
    });
  });
}
