import { describe, expect, test } from '@jest/globals';
import { at, type Deployed, listAt, type Members, resourcesOf } from './support/templates.js';

/** Every statement that allows something, with where it stands. */
const statements = (stage: 'dev' | 'production'): readonly (Members & { readonly of: Deployed })[] =>
  resourcesOf(stage).flatMap((resource) => {
    const { Properties } = resource;
    const documents = [
      Properties['PolicyDocument'],
      Properties['KeyPolicy'],
      Properties['AccessPolicies'],
      ...listAt(Properties, 'Policies').map(({ PolicyDocument }) => PolicyDocument),
    ];
    return documents
      .flatMap((document) => listAt(document, 'Statement'))
      .filter(({ Effect }) => Effect === 'Allow')
      .map((statement) => ({ ...statement, of: resource }));
  });
const texts = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
const isKey = ({ of }: { readonly of: Deployed }): boolean => of.Type === 'AWS::KMS::Key';

describe.each(['dev', 'production'] as const)('what is allowed at the stage %s', (stage) => {
  test('is allowed action by action: no action has a wildcard', () => {
    const wild = statements(stage)
      .filter((one) => !isKey(one))
      .flatMap(({ of, Action }) =>
        texts(Action)
          .filter((action) => action.includes('*'))
          .map((action) => `${of.stack} ${of.id} ${action}`),
      );
    expect(wild).toEqual([]);
    expect(statements(stage).length).toBeGreaterThan(20);
  });

  test('is allowed for named resources, never for all', () => {
    const everywhere = statements(stage).filter((one) => !isKey(one) && texts(one['Resource']).includes('*'));
    expect(everywhere.map(({ of }) => `${of.stack} ${of.id}`)).toEqual([]);
  });

  test("leaves the key to the account's administrators and to the service that alarms are told by", () => {
    const principals = statements(stage)
      .filter(isKey)
      .map(({ Principal }) => JSON.stringify(Principal));
    expect(principals.filter((one) => one.includes(':root'))).toHaveLength(1);
    expect(principals.filter((one) => one.includes('cloudwatch.amazonaws.com'))).toHaveLength(1);
    expect(principals).toHaveLength(2);
  });

  test('gives a resolver that reads by itself GetItem of one table, and no more', () => {
    const roles = resourcesOf(stage, 'AWS::IAM::Role').filter(({ id }) => id.includes('SourcesresourcesRole'));
    expect(roles.length).toBeGreaterThan(0);
    for (const { Properties } of roles) {
      const given = listAt(at(Properties, 'Policies', 0, 'PolicyDocument'), 'Statement');
      const ofTables = given.flatMap(({ Action }) => texts(Action)).filter((action) => action.startsWith('dynamodb:'));
      expect(ofTables).toEqual(['dynamodb:GetItem']);
    }
  });

  test('lets only the publisher publish', () => {
    const publishing = statements(stage).filter(({ Action }) => texts(Action).includes('appsync:GraphQL'));
    expect(publishing.map(({ of }) => of.id)).toEqual(publishing.map(() => expect.stringContaining('Publisher')));
    for (const { Resource } of publishing) {
      expect(texts(Resource).map((each) => /\/types\/Mutation\/fields\/(\w+)/.exec(each)?.[1])).toEqual([
        'publishChange',
        'publishJob',
      ]);
    }
  });

  test('is never given to everybody', () => {
    const open = statements(stage).filter(({ Principal }) => {
      const named = at(Principal, 'AWS');
      return Principal === '*' || texts(named).includes('*');
    });
    expect(open).toEqual([]);
  });
});
