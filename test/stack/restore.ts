import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually, type Stack, type StackAnswer } from './support/stack.js';

const run = promisify(execFile);

/** The drill of docs/deployment.md: table, bodies and index as they were at a moment. */
export function describeRestore(stackOf: () => Stack): void {
  const command = async (program: string, options: readonly string[], more: NodeJS.ProcessEnv): Promise<string> => {
    const { stdout } = await run(process.execPath, [`dist/${program}.js`, ...options], {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        DYNAMODB_ENDPOINT: stackOf().aws.endpoint,
        S3_ENDPOINT: stackOf().aws.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        ...more,
      },
    });
    return stdout;
  };

  describe('a restore', () => {
    test('brings back table, bodies and index together: nothing of later is there, and nothing differs', async () => {
      const stack = stackOf();
      const { aws, stage, send } = { ...stack, send: stack.send.bind(stack) };
      const { TableNameR4: table = '', BodiesBucket: bucket = '', IndexAliasR4: alias = '' } = stage.outputs;
      const person = (name: string, more: object = {}): object => ({
        resourceType: 'Person',
        name: [{ family: name }],
        ...more,
      });
      const post = async (body: object): Promise<string> => {
        const { status, json } = await send('POST', `/${(body as { resourceType: string }).resourceType}`, { body });
        expect(status).toBe(201);
        return json.id;
      };
      const count = async (search: string): Promise<number> =>
        (await send('GET', `${search}${search.includes('?') ? '&' : '?'}_summary=count`)).json.total;
      const changed = await post(person('asitwas'));
      const deleted = await post(person('asitwas'));
      const text = 'kept '.repeat(90_000);
      const large = await post({ resourceType: 'Basic', code: { text, coding: [{ code: 'restored-large' }] } });
      await eventually(
        async () => [await count('/Person?name=asitwas'), await count('/Basic?code=restored-large')],
        ([people, basics]) => people === 2 && basics === 1,
      );
      const before = [await count('/Person'), await count('/Basic'), await count('/Observation')];

      const { BackupDetails } = (await aws.tables('CreateBackup', { TableName: table, BackupName: 'drill' })) as {
        readonly BackupDetails: { readonly BackupArn: string };
      };
      const since = new Date().toISOString();
      await send('PUT', `/Person/${changed}`, { body: person('later', { id: changed }) });
      await send('DELETE', `/Person/${deleted}`);
      const later = await post(person('later'));
      const keys = await aws.objectKeys(bucket, `${table}/_-/Basic/${large}~`);
      expect(keys).toHaveLength(1);
      for (const key of keys) await aws.deleteObject(bucket, key);
      await eventually(
        () => count('/Person?name=later'),
        (total) => total === 2,
      );

      await aws.tables('RestoreTableFromBackup', { BackupArn: BackupDetails.BackupArn, TargetTableName: 'restored' });
      const restored = await command(
        'restore',
        ['--from', 'restored', '--to', table, '--since', since, '--bucket', bucket],
        {},
      );
      expect(restored).toContain('1 objects brought back');
      expect(restored).not.toContain('LOST');

      const read = (target: string): Promise<StackAnswer> => send('GET', target);
      expect((await read(`/Person/${changed}`)).json).toMatchObject({
        meta: { versionId: '1' },
        name: [{ family: 'asitwas' }],
      });
      expect([(await read(`/Person/${deleted}`)).status, (await read(`/Person/${later}`)).status]).toEqual([200, 404]);
      expect((await read(`/Basic/${large}`)).json).toMatchObject({ code: { text } });

      const job = await send('POST', '/$reindex', { as: 'operator', headers: { prefer: 'respond-async' } });
      const ended = await eventually(
        () => send('GET', job.headers.get('content-location') ?? '', { as: 'operator' }),
        ({ status }) => status !== 202,
      );
      expect(ended.status).toBe(200);
      expect([await count('/Person?name=asitwas'), await count('/Person?name=later')]).toEqual([2, 0]);
      expect([await count('/Person'), await count('/Basic'), await count('/Observation')]).toEqual(before);
      expect(
        await command('drift', [], {
          FHIR_VERSION: 'r4',
          TABLE_NAME: table,
          INDEX_ALIAS: alias,
          BODIES_BUCKET: bucket,
        }),
      ).toMatch(/ 0 differ/);
    });
  });
}
