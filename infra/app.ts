// `npx cdk synth`: what settings.ts says, as CloudFormation templates.
import { App, Tags, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { loadApi } from '../schema/load-api.js';
import { explainFindings } from './findings.js';
import { titleOf } from './names.js';
import { addOutputs } from './outputs.js';
import { readSettings } from './read-settings.js';
import type { FhirVersion } from './settings.js';
import { ConsoleFilesStack } from './stacks/console-files-stack.js';
import { ConsoleStack } from './stacks/console-stack.js';
import { DataStack } from './stacks/data-stack.js';
import { GraphqlStack } from './stacks/graphql-stack.js';
import { IndexingStack } from './stacks/indexing-stack.js';
import { JobsStack } from './stacks/jobs-stack.js';
import { OperationsStack } from './stacks/operations-stack.js';
import { RestStack } from './stacks/rest-stack.js';
import { SignInStack } from './stacks/sign-in-stack.js';

const app = new App({ analyticsReporting: false, treeMetadata: false });
const context = (name: string): string | undefined => {
  const value: unknown = app.node.tryGetContext(name);
  return typeof value === 'string' ? value : undefined;
};
const stage = readSettings(context('stage') ?? 'dev', context('settings'));
const region = stage.region === '' ? process.env['CDK_DEFAULT_REGION'] : stage.region;
const props = region === undefined ? {} : { env: { region } };
const held = { ...props, terminationProtection: stage.deletionProtection };
const named = (name: string): string => `Fhir-${stage.stage}-${name}`;

const data = new DataStack(app, named('Data'), stage, held);
const site = stage.console ? new ConsoleStack(app, named('Console'), stage, { ...props, data }) : undefined;
const signIn = new SignInStack(app, named('SignIn'), stage, { ...held, data, consoleUrl: site?.url });
const rest = new RestStack(app, named('Rest'), stage, { ...props, data, signIn });
const jobs = new Map<FhirVersion, JobsStack>();
const graphql = new Map<FhirVersion, GraphqlStack>();
const indexing = new Map<FhirVersion, IndexingStack>();
for (const version of stage.fhirVersions) {
  const title = titleOf(version);
  const map = await loadApi(version);
  jobs.set(version, new JobsStack(app, named(`Jobs-${title}`), stage, { ...props, version, data }));
  const more = { ...props, version, map, data, signIn, restUrl: rest.url };
  const stack = new GraphqlStack(app, named(`GraphQl-${title}`), stage, more);
  graphql.set(version, stack);
  indexing.set(
    version,
    new IndexingStack(app, named(`Indexing-${title}`), stage, { ...props, version, data, api: stack.api }),
  );
}
if (site !== undefined) {
  new ConsoleFilesStack(app, named('ConsoleFiles'), stage, { ...props, console: site, data, signIn, rest, graphql });
}
new OperationsStack(app, named('Operations'), stage, { ...props, data, rest, graphql, indexing, jobs });

explainFindings(stage, { data, site, signIn, rest, graphql: graphql.values(), jobs: jobs.values(), all: app });
addOutputs(stage, { data, site, signIn, rest, graphql, jobs, indexing });
for (const [key, value] of Object.entries({ ...stage.tags, stage: stage.stage })) Tags.of(app).add(key, value);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
