import { describe, expect, test } from '@jest/globals';
import { eventually, type Stack } from './support/stack.js';

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: object }>>;
}

/** What becomes of an update that cannot be made. */
export function describeRollback(stackOf: () => Stack): void {
  describe('a broken update', () => {
    test('is taken back as a whole: what was changed before is as it was, and serves', async () => {
      const stack = stackOf();
      const name = 'Fhir-dev-Jobs-R4';
      const template = (await stack.templateOf(name)) as Template;
      const [[id, jobs] = ['', undefined]] = Object.entries(template.Resources).filter(
        ([, { Type }]) => Type === 'AWS::Lambda::Function',
      );
      if (jobs === undefined) throw new Error('The stack has no function');
      const changed = { ...jobs, Properties: { ...jobs.Properties, Description: 'changed by a broken update' } };
      // The name is taken: it is refused when the function is changed already.
      const BucketName = stack.stage.outputs['BodiesBucket'];
      const broken = { Type: 'AWS::S3::Bucket', Properties: { BucketName }, DependsOn: [id] };
      const before = await stack.functionOf(name, id);
      await stack.updateStack(name, {
        ...template,
        Resources: { ...template.Resources, [id]: changed, Broken: broken },
      });
      const { StackStatus } = await eventually(
        () => stack.describeStack(name),
        (found) => !found.StackStatus.endsWith('_IN_PROGRESS'),
      );
      expect(StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
      expect(await stack.functionOf(name, id)).toEqual(before);
      const job = await stack.send('GET', '/$export?_type=Basic', { headers: { prefer: 'respond-async' } });
      const ended = await eventually(
        () => stack.send('GET', job.headers.get('content-location') ?? ''),
        ({ status }) => status !== 202,
      );
      expect(ended.status).toBe(200);
    });
  });
}
