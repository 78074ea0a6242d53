import { describe, expect, test } from '@jest/globals';
import { at, type Deployed, listAt, resourcesOf } from './support/templates.js';

const ofJobs = (type: string): readonly Deployed[] =>
  resourcesOf('production', type).filter(({ stack }) => stack.includes('-Jobs-'));
const only = (type: string): Deployed => {
  const [found, ...others] = ofJobs(type);
  if (found === undefined || others.length > 0) throw new Error(`There must be one ${type}`);
  return found;
};
const machine = only('AWS::StepFunctions::StateMachine');
const states = at(machine.Properties, 'Definition', 'States');

describe('the state machine of jobs', () => {
  test('has each segment worked on by itself, so many at the same time as the settings say', () => {
    expect(at(states, 'EachSegment')).toMatchObject({
      Type: 'Map',
      MaxConcurrency: 32,
      ToleratedFailurePercentage: 100,
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
    });
  });

  test('comes back to a segment until it is done, and calls the function again when it was killed', () => {
    const segment = at(states, 'EachSegment', 'ItemProcessor', 'States');
    expect(at(segment, 'IsDone', 'Choices')).toEqual([{ Variable: '$.next', StringEquals: 'again', Next: 'Pause' }]);
    expect(at(segment, 'Pause')).toMatchObject({ SecondsPath: '$.wait', Next: 'Work' });
    for (const task of [at(states, 'Segments'), at(segment, 'Work')]) {
      expect(listAt(task, 'Retry')[0]).toMatchObject({ ErrorEquals: ['States.ALL'], JitterStrategy: 'FULL' });
    }
  });

  test('is told the names of jobs, and nothing of what they are asked', () => {
    const payloads = [
      at(states, 'Segments', 'Parameters', 'Payload'),
      at(states, 'EachSegment', 'ItemProcessor', 'States', 'Work', 'Parameters', 'Payload'),
    ];
    expect(payloads).toEqual([
      { do: 'segments', 'tenant.$': '$.tenant', 'job.$': '$.job' },
      { do: 'segment', 'tenant.$': '$.tenant', 'job.$': '$.job', 'segment.$': '$.segment' },
    ]);
  });

  test('may call one function and run its own executions, and no more', () => {
    const [role] = ofJobs('AWS::IAM::Role').filter(({ id }) => id.startsWith('MachineRole'));
    const actions = listAt(at(role?.Properties, 'Policies', 0, 'PolicyDocument'), 'Statement').flatMap(
      ({ Action }) => Action as string | string[],
    );
    expect(actions.sort()).toEqual([
      'lambda:InvokeFunction',
      'states:DescribeExecution',
      'states:StartExecution',
      'states:StopExecution',
    ]);
  });

  test('is begun by the REST function, which is told where it is', () => {
    const [rest] = resourcesOf('production', 'AWS::Lambda::Function').filter(({ id }) => id.startsWith('Stu3Rest'));
    const variables = at(rest?.Properties, 'Environment', 'Variables');
    expect(JSON.stringify(at(variables, 'JOBS_STATE_MACHINE'))).toContain(':stateMachine:fhir-production-stu3-jobs');
    expect(at(machine.Properties, 'StateMachineName')).toBe('fhir-production-stu3-jobs');
    expect(at(variables, 'JOB_SEGMENTS')).toBe('64');
  });
});

test('each minute somebody looks after jobs', () => {
  expect(only('AWS::Events::Rule').Properties['ScheduleExpression']).toBe('rate(1 minute)');
});

test('what jobs write is gone after three days, and cannot be got back', () => {
  const [files] = resourcesOf('production', 'AWS::S3::Bucket').filter(({ id }) => id.startsWith('Files'));
  expect(listAt(files?.Properties, 'LifecycleConfiguration', 'Rules')[0]).toMatchObject({ ExpirationInDays: 3 });
  expect(files?.Properties).not.toHaveProperty('VersioningConfiguration');
});
