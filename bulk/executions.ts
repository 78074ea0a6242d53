import { ExecutionAlreadyExists, paginateListExecutions, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { JobExecutions } from './job-steps.js';

/** Where the state machine of jobs is (infra/constructs/job-machine.ts). */
export interface ExecutionsPlace {
  /** Its ARN. */
  readonly stateMachine: string;
  /** AWS's own without it. */
  readonly endpoint?: string;
  readonly region?: string;
  /** The clock, in milliseconds since 1970: a name of an execution is used once. */
  readonly now: () => number;
}

/** The names of executions begin with the id of the job. */
const idLength = 36;

/** Executions of the state machine of jobs, by the API of AWS Step Functions. */
export function openExecutions({ stateMachine: stateMachineArn, now, ...place }: ExecutionsPlace): JobExecutions {
  const client = new SFNClient({
    ...place,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
  return {
    async underWay() {
      const ids = new Set<string>();
      for await (const page of paginateListExecutions({ client }, { stateMachineArn, statusFilter: 'RUNNING' })) {
        for (const { name = '' } of page.executions ?? []) ids.add(name.slice(0, idLength));
      }
      return ids;
    },
    async start(job, tenant) {
      const name = `${job}-${now().toString(36)}`;
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify({ job, tenant }) }));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error; // its answer got lost, and it was sent again
      }
    },
  };
}
