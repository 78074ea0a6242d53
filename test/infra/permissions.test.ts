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
/** An ARN as one reads it, what is known at deployment only in angle brackets. */
function arnText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(arnText).join('');
  const [[name, given] = ['', '']] = Object.entries((value ?? {}) as Members);
  const parts: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (name === 'Fn::Join') return (parts[1] as readonly unknown[]).map(arnText).join(arnText(parts[0]));
  if (name === 'Fn::GetAtt') return `<${parts.map(arnText).join('.')}>`;
  return name === 'Ref' || name === 'Fn::ImportValue' ? `<${arnText(given)}>` : JSON.stringify(value);
}

/** What may be allowed for more than one resource named as it is: actions, resources, and why. */
const wildcards: readonly (readonly [actions: RegExp, resource: RegExp, why: string])[] = [
  [/^es:ESHttp/, /:domain\/fhir-[a-z]+\/\*$/, 'a path for each request; which indices, the domain says by role'],
  [/^s3:(Get|Put|Delete)Object$/, /Bodies[^/]*>\/\*$/, 'bodies are named by what they hold'],
  [
    /^s3:(Get|Put|Delete)Object$|^s3:AbortMultipartUpload$/,
    /Files[^/]*>\/\*$/,
    'files of jobs have names of their own',
  ],
  [/^s3:(Get|Put)Object$/, /SiteFiles[^/]*>\/\*$/, 'the console as everybody may read it'],
  [/^s3:PutObject$/, /AccessLogs[^/]*>\/(?:[a-z]+\/)?\*$/, 'S3 names what it logs'],
  [/^s3:GetObject$/, /:s3:::imports\/\*\/\*$/, 'the folders that importSources names'],
  [/^states:(Describe|Stop)Execution$/, /:execution:fhir-[a-z0-9-]+-jobs\/\*$/, 'the executions of one machine'],
  [/^lambda:InvokeFunction$/, /<\w+\.Arn>:\*$/, 'any version of one function, by what the CDK adds'],
];

/** AWS's own policies, which some services take nothing else for. */
const managed = ['service-role/AmazonAPIGatewayPushToCloudWatchLogs', 'service-role/AWSLambdaBasicExecutionRole'];

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

  test('is allowed for many resources by the listed patterns only, each for its reason', () => {
    const found = statements(stage)
      .filter((one) => !isKey(one))
      .flatMap(({ of, Action, Resource }) =>
        (Array.isArray(Resource) ? Resource : [Resource])
          .map(arnText)
          .filter((resource) => resource.includes('*'))
          .flatMap((resource) => texts(Action).map((action) => ({ where: `${of.stack} ${of.id}`, action, resource }))),
      );
    const isListed = ({ action, resource }: (typeof found)[number]): boolean =>
      wildcards.some(([actions, resources]) => actions.test(action) && resources.test(resource));
    expect(found.filter((one) => !isListed(one))).toEqual([]);
    expect(found.length).toBeGreaterThan(20);
  });

  test('is said by what is allowed, never by what is not; of policies of AWS only those that services ask for', () => {
    const turned = statements(stage).filter(
      (one) => 'NotAction' in one || 'NotResource' in one || 'NotPrincipal' in one,
    );
    expect(turned.map(({ of }) => of.id)).toEqual([]);
    const named = resourcesOf(stage).flatMap(({ Properties }) => {
      const arns = Properties['ManagedPolicyArns'];
      return Array.isArray(arns) ? arns.map((each) => arnText(each)) : [];
    });
    expect(named.filter((one) => !managed.some((each) => one.includes(`:policy/${each}`)))).toEqual([]);
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
