import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { jobMachineArn, jobMachineName } from '../names.js';
import { invoke, runMap } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';

/**
 * What works on a job: asks the function for its segments, and has it work on each, again and again until it is done. It
 * knows the names of jobs and no more; how far each is stands in the table, so that an execution that fails, or a second one
 * of the same job, does no harm (ADR 50).
 */
export class JobMachine extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, stage: Stage, version: FhirVersion, jobs: IFunction) {
    super(scope, id);
    this.arn = jobMachineArn(stage, version);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      inlinePolicies: { own: new PolicyDocument({ statements: [invoke(jobs.functionArn), ...runMap(this.arn)] }) },
    });
    const machine = new CfnStateMachine(this, 'Machine', {
      stateMachineName: jobMachineName(stage, version),
      roleArn: role.roleArn,
      definition: definitionOf(jobs.functionArn, stage.jobs.atOnce),
    });
    machine.node.addDependency(role);
  }
}

/** A function that was killed, or not let run, is called again: what it did not keep is done again. */
const again = [
  {
    ErrorEquals: ['States.ALL'],
    IntervalSeconds: 2,
    MaxAttempts: 8,
    BackoffRate: 2,
    MaxDelaySeconds: 60,
    JitterStrategy: 'FULL',
  },
];

/** https://states-language.net/spec.html */
function definitionOf(functionArn: string, atOnce: number): object {
  const call = (payload: object): object => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: functionArn, Payload: payload },
    OutputPath: '$.Payload',
    Retry: again,
  });
  return {
    StartAt: 'Segments',
    States: {
      Segments: { ...call({ do: 'segments', 'tenant.$': '$.tenant', 'job.$': '$.job' }), Next: 'EachSegment' },
      EachSegment: {
        Type: 'Map',
        Label: 'Segments',
        ItemsPath: '$.segments',
        ItemSelector: { 'tenant.$': '$.tenant', 'job.$': '$.job', 'segment.$': '$$.Map.Item.Value' },
        MaxConcurrency: atOnce,
        ToleratedFailurePercentage: 100, // of one that was given up the others are no worse off
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'Work',
          States: {
            Work: {
              ...call({ do: 'segment', 'tenant.$': '$.tenant', 'job.$': '$.job', 'segment.$': '$.segment' }),
              Next: 'IsDone',
            },
            IsDone: {
              Type: 'Choice',
              Choices: [{ Variable: '$.next', StringEquals: 'again', Next: 'Pause' }],
              Default: 'Done',
            },
            Pause: { Type: 'Wait', SecondsPath: '$.wait', Next: 'Work' },
            // The fewest bytes: those of all segments must fit in one state.
            Done: { Type: 'Pass', Result: 0, End: true },
          },
        },
        End: true,
      },
    },
  };
}
