import { Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { EachMinute } from '../constructs/each-minute.js';
import { JobMachine } from '../constructs/job-machine.js';
import { ServerFunction } from '../constructs/server-function.js';
import {
  type DataPlaces,
  functionEnvironment,
  jobsEnvironment,
  tableOf,
  useResources,
} from '../function-environment.js';
import { describeTable, listExecutions, readSource, scanTable, startExecution, writeFiles } from '../permissions.js';
import { jobMachineArn } from '../names.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';

export interface JobsStackProps extends StackProps {
  readonly version: FhirVersion;
  readonly data: DataPlaces;
}

/** What works on a version's jobs: a function, and a state machine that has it work on many segments. */
export class JobsStack extends Stack {
  readonly function: ServerFunction;
  readonly machine: JobMachine;

  constructor(scope: Construct, id: string, stage: Stage, { version, data, ...props }: JobsStackProps) {
    super(scope, id, props);
    const table = tableOf(data, version);
    const arn = jobMachineArn(stage, version);
    this.function = new ServerFunction(this, 'Jobs', stage, {
      version,
      name: 'jobs',
      key: data.key,
      memory: stage.memory.jobs,
      timeout: Duration.minutes(15),
      environment: { ...functionEnvironment(stage, version, data), ...jobsEnvironment(stage, version, data) },
      permissions: [
        ...useResources(data, version),
        scanTable(table),
        describeTable(table),
        ...writeFiles(data.files),
        ...stage.importSources.filter((source) => source.startsWith('s3:')).map(readSource),
        startExecution(arn),
        listExecutions(arn),
      ],
    });
    this.machine = new JobMachine(this, 'Machine', stage, version, this.function.code);
    new EachMinute(this, 'EachMinute', this.function.code);
  }
}
