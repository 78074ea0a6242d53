import { describe, expect, test } from '@jest/globals';
import type { AnswerJson } from '../support/server.js';
import type { Manifest } from '../support/jobs.js';
import { eventually, type Stack, type StackAnswer } from './support/stack.js';

/** Exports and imports, worked on by the deployed state machine. */
export function describeBulk(stackOf: () => Stack): void {
  const begun = async (
    stack: Stack,
    method: string,
    target: string,
    { body, as = 'practitioner' }: { readonly body?: object; readonly as?: string } = {},
  ): Promise<string> => {
    const answer = await stack.send(method, target, {
      as,
      headers: { prefer: 'respond-async', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
    });
    expect([answer.status, answer.json.issue[0].severity]).toEqual([202, 'information']);
    return answer.headers.get('content-location') ?? '';
  };
  const ended = (stack: Stack, job: string, as = 'practitioner'): Promise<StackAnswer> =>
    eventually(
      () => stack.send('GET', job, { as }),
      ({ status }) => status !== 202,
    );
  /** The lines of files, by URLs that nothing but themselves is asked for. */
  const lines = async (files: readonly { readonly url: string }[]): Promise<readonly AnswerJson[]> => {
    const texts = await Promise.all(files.map(async ({ url }) => (await fetch(url)).text()));
    return texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line) as AnswerJson);
  };

  describe('bulk data', () => {
    test('an export is worked on segment by segment; its files are there by signed URLs, and are what is stored', async () => {
      const stack = stackOf();
      const ids: string[] = [];
      for (let number = 0; number < 12; number += 1) {
        const { json } = await stack.send('POST', '/Device', { body: { resourceType: 'Device', lotNumber: 'lot' } });
        ids.push(json.id);
      }
      const job = await begun(stack, 'GET', '/$export?_type=Device');
      const { status, json, headers } = await ended(stack, job);
      expect(status).toBe(200);
      expect(Date.parse(headers.get('expires') ?? '')).toBeGreaterThan(Date.now());
      const manifest = json as unknown as Manifest;
      expect([manifest.requiresAccessToken, manifest.error, manifest.deleted]).toEqual([false, [], []]);
      expect(manifest.output.length).toBeGreaterThan(1); // a file of each segment that had any
      const exported = await lines(manifest.output);
      expect(exported.map(({ id }) => id).sort()).toEqual([...ids].sort());
      const [first] = exported;
      expect((await stack.send('GET', `/Device/${first?.id ?? ''}`)).json).toEqual(first);
      expect(await stack.executions()).toContainEqual(expect.objectContaining({ status: 'SUCCEEDED' }));
      const id = job.split('/').at(-1) ?? '';
      await eventually(
        () => Promise.resolve(stack.graphql.answers.filter((each) => each.includes('publishJob') && each.includes(id))),
        (told) => told.some((each) => each.includes('"state":"complete","percent":100')),
      );
    });

    test('a job is its owner’s only; cancelled it is gone, with its files', async () => {
      const stack = stackOf();
      const job = await begun(stack, 'GET', '/$export?_type=Device');
      const manifest = (await ended(stack, job)).json as unknown as Manifest;
      const [file] = manifest.output;
      const asked = await stack.send('GET', job, { as: 'auditor' });
      const removed = await stack.send('DELETE', job);
      const gone = await stack.send('GET', job);
      expect([asked.status, removed.status, gone.status]).toEqual([404, 202, 404]);
      expect((await fetch(file?.url ?? '')).status).toBe(404);
    });

    test('the index is made anew by the state machine; searches find the same', async () => {
      const stack = stackOf();
      const devices = async (): Promise<number> => (await stack.send('GET', '/Device?_summary=count')).json.total;
      const before = await devices();
      const job = await begun(stack, 'POST', '/$reindex', { as: 'operator' });
      const { status, json } = await ended(stack, job, 'operator');
      expect([status, (json as unknown as { resources: number }).resources > 0]).toEqual([200, true]);
      expect(await devices()).toBe(before);
    });

    test('what is below an import’s source is imported, and found; what is wrong is told by line', async () => {
      const stack = stackOf();
      const devices = [
        { resourceType: 'Device', id: 'imported-1', lotNumber: 'a' },
        { resourceType: 'Device', id: 'imported-2', status: 'none of them' },
        { resourceType: 'Device', id: 'imported-3', identifier: [{ value: 'imported-three' }] },
      ];
      const url = await stack.putImport('devices.ndjson', devices.map((each) => JSON.stringify(each)).join('\n'));
      const job = await begun(stack, 'POST', '/$import', {
        body: {
          inputFormat: 'application/fhir+ndjson',
          inputSource: 'http://example.org/',
          storageDetail: { type: 'aws-s3' },
          input: [{ type: 'Device', url }],
        },
      });
      const { status, json } = await ended(stack, job);
      const manifest = json as unknown as Manifest;
      expect([status, manifest.output[0]?.count, manifest.error[0]?.count]).toEqual([200, 2, 1]);
      const [wrong] = await lines(manifest.error);
      expect(wrong?.issue[0].diagnostics).toMatch(/^Line 2: /);
      await eventually(
        () => stack.send('GET', '/Device?identifier=imported-three'),
        ({ json: bundle }) => bundle.total === 1,
      );
      const elsewhere = await stack.send('POST', '/$import', {
        headers: { prefer: 'respond-async', 'content-type': 'application/json' },
        body: {
          inputFormat: 'application/fhir+ndjson',
          inputSource: 'http://example.org/',
          storageDetail: { type: 'aws-s3' },
          input: [{ type: 'Device', url: 's3://another/devices.ndjson' }],
        },
      });
      expect(elsewhere.status).toBe(400);
    });
  });
}
