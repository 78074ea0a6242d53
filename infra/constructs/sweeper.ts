import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import {
  type DataPlaces,
  functionEnvironment,
  jobsEnvironment,
  tableOf,
  useResources,
} from '../function-environment.js';
import { scanTable, writeFiles } from '../permissions.js';
import type { Stage } from '../read-settings.js';
import type { FhirVersion } from '../settings.js';
import { EachMinute } from './each-minute.js';
import { ServerFunction } from './server-function.js';

/** What ends each minute what others left: transactions, bodies, tombstones of the index, a reindex under way. */
export class Sweeper extends Construct {
  readonly function: ServerFunction;

  constructor(scope: Construct, id: string, stage: Stage, version: FhirVersion, data: DataPlaces) {
    super(scope, id);
    this.function = new ServerFunction(this, 'Function', stage, {
      version,
      name: 'sweeper',
      key: data.key,
      memory: stage.memory.indexer,
      timeout: Duration.minutes(15),
      environment: { ...functionEnvironment(stage, version, data), ...jobsEnvironment(stage, version, data) },
      permissions: [...useResources(data, version), scanTable(tableOf(data, version)), ...writeFiles(data.files)],
    });
    new EachMinute(this, 'EachMinute', this.function.code);
  }
}
