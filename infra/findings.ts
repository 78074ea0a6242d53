import { type Stack, Validations } from 'aws-cdk-lib/core';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { jobMachineName, prefixOf } from './names.js';
import { sourceObjects } from './permissions.js';
import type { Stage } from './read-settings.js';
import type { ConsoleStack } from './stacks/console-stack.js';
import type { DataStack } from './stacks/data-stack.js';
import type { GraphqlStack } from './stacks/graphql-stack.js';
import type { JobsStack } from './stacks/jobs-stack.js';
import type { RestStack } from './stacks/rest-stack.js';
import type { SignInStack } from './stacks/sign-in-stack.js';

interface Explained {
  readonly data: DataStack;
  readonly site: ConsoleStack | undefined;
  readonly signIn: SignInStack;
  readonly rest: RestStack;
  readonly graphql: Iterable<GraphqlStack>;
  readonly jobs: Iterable<JobsStack>;
  readonly all: IConstruct;
}

/**
 * Says why what cdk-nag finds is meant so, finding by finding; any other fails `cdk synth`. What the reasons claim is
 * asserted in test/infra/.
 */
export function explainFindings(stage: Stage, { data, site, signIn, rest, graphql, jobs, all }: Explained): void {
  explain(all, {
    'AwsSolutions-L1':
      'Node.js 22 is what the bundles are built and tested for; the function that CDK adds to run others has its own.',
    'AwsSolutions-SQS3': 'These queues are dead-letter queues.',
    [`AwsSolutions-IAM5[Resource::${searchPaths(stage)}]`]:
      'A path of the domain for each request; which indices a role may use, the domain says (search-access).',
    [`AwsSolutions-IAM5[Resource::${imported(data, data.bodies)}/*]`]:
      'The objects of one bucket: each function may use any body of its table.',
    [`AwsSolutions-IAM5[Resource::${imported(data, data.files)}/*]`]:
      'The objects of one bucket: a job writes files whose names nobody knows before.',
    ...Object.fromEntries(
      stage.importSources
        .filter((source) => source.startsWith('s3:'))
        .map((source) => [
          `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${sourceObjects(source)}]`,
          'The folder that the setting importSources names.',
        ]),
    ),
  });
  explain(data, {
    'AwsSolutions-OS1':
      'Every request is signed by a role of the account that the domain knows; nothing else is let in.',
    'AwsSolutions-OS3': 'Functions have no fixed addresses: roles are allowed, not addresses.',
    ...(stage.search === 'production' ? {} : { 'AwsSolutions-OS4': 'The size production has dedicated masters.' }),
    ...(stage.search === 'dev' ? { 'AwsSolutions-OS7': 'The size dev is one node, to try things out.' } : {}),
  });
  explain(signIn, {
    'AwsSolutions-COG2': 'The setting secondFactor decides; at the stage production it is required.',
    'AwsSolutions-COG8': 'The Plus plan is not needed: tokens have our claims with Essentials.',
  });
  if (site !== undefined) {
    explain(site, {
      'AwsSolutions-CFR1': 'Who may use the console is for the sign-in to say, not for countries.',
      'AwsSolutions-CFR2': 'Files that are the same for everybody; the firewall stands before the APIs.',
      'AwsSolutions-CFR3':
        'Its addresses are behind "#", which no log has; requests that CloudFront passes on are in the access log of the bucket.',
      'AwsSolutions-CFR4':
        "CloudFront's own name comes with its own certificate, for which no lowest version of TLS can be set.",
    });
    explain(all, {
      [`AwsSolutions-IAM5[Resource::${imported(site, site.bucket)}/*]`]:
        'The objects of one bucket: the files of the console are named after their content.',
    });
  }
  explain(rest, {
    'AwsSolutions-APIG2': 'The server checks requests, and names the place of each fault.',
    'AwsSolutions-APIG3': 'The setting firewall decides.',
    'AwsSolutions-APIG4': 'metadata, .well-known and OPTIONS are open, as clients need before they sign in.',
    'AwsSolutions-COG4': 'metadata, .well-known and OPTIONS are open, as clients need before they sign in.',
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
      "API Gateway's own policy for its logs, which it takes no other for.",
  });
  for (const stack of jobs) {
    explain(stack, {
      'AwsSolutions-SF1':
        'What an execution did stands in its history, for 90 days; what a segment did, in the log of its function.',
      'AwsSolutions-SF2': 'Nothing is traced by X-Ray here: one function is called, and its log says how long it took.',
      ...Object.fromEntries(
        stage.fhirVersions.map((version) => [
          `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${jobMachineName(stage, version)}/*]`,
          'The executions that one state machine begins for its own segments.',
        ]),
      ),
    });
  }
  for (const api of graphql) {
    explain(api, { 'AwsSolutions-ASC3': 'Variables and values hold what is in resources: they are not logged.' });
  }
}

function explain(scope: IConstruct, reasons: Readonly<Record<string, string>>): void {
  Validations.of(scope).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })));
}

const searchPaths = (stage: Stage): string =>
  `arn:<AWS::Partition>:es:<AWS::Region>:<AWS::AccountId>:domain/${prefixOf(stage)}/*`;

/** How other stacks name a bucket of a stack, as cdk-nag writes it. */
function imported(stack: Stack, bucket: IBucket): string {
  const found = stack.resolve(stack.exportValue(bucket.bucketArn)) as { readonly 'Fn::ImportValue': string };
  return found['Fn::ImportValue'];
}
