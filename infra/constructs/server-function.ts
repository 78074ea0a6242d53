import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type PolicyStatement, PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Alias, Architecture, Code, Function as LambdaFunction, type IFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { type FunctionName, roleName } from '../names.js';
import { useKey, writeLogs } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { Log } from './log.js';

export interface ServerFunctionProps {
  /** The FHIR version it serves; all of them without it. */
  readonly version?: FhirVersion;
  readonly name: FunctionName;
  readonly key: IKey;
  readonly memory: number;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  readonly permissions: readonly PolicyStatement[];
  /** Instances kept warm; 0 for none. */
  readonly warm?: number;
}

/** What a user did not do before is told, not what CDK finds missing. */
function bundleOf(name: string): string {
  const folder = fileURLToPath(new URL(`../../dist/lambda/${name}`, import.meta.url));
  if (existsSync(folder)) return folder;
  throw new Error(`There is no dist/lambda/${name}: run "npm run build:lambda" in the project's folder first`);
}

/** A function of the server: its bundle, a role with what it may do and no more, and its log. */
export class ServerFunction extends Construct {
  /** The code itself, for metrics. */
  readonly code: LambdaFunction;
  readonly role: Role;
  /** What is called: the instances that are kept warm, where some are. */
  readonly called: IFunction;

  constructor(scope: Construct, id: string, stage: Stage, props: ServerFunctionProps) {
    super(scope, id);
    const { version, name, key, memory, timeout, environment, permissions, warm = 0 } = props;
    const logGroup = new Log(this, 'Log', stage);
    this.role = new Role(this, 'Role', {
      roleName: roleName(stage, name, version),
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        own: new PolicyDocument({ statements: [writeLogs(logGroup.logGroupArn), useKey(key), ...permissions] }),
      },
    });
    this.code = new LambdaFunction(this, 'Function', {
      description: `fhir-on-appsync ${stage.stage}: ${name} ${version ?? ''}`.trim(),
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundleOf(name)),
      handler: 'index.handler',
      role: this.role.withoutPolicyUpdates(),
      logGroup,
      memorySize: memory,
      timeout,
      environment: { ...environment, ...stage.environment },
      environmentEncryption: key,
    });
    this.called =
      warm === 0
        ? this.code
        : new Alias(this, 'Warm', {
            aliasName: 'warm',
            version: this.code.currentVersion,
            provisionedConcurrentExecutions: warm,
          });
  }
}
