import { join } from 'node:path';
import { type RunningEngine, startJava } from './java-process.js';
import { installEngine } from './recipe.js';

/**
 * Starts DynamoDB Local in memory on 127.0.0.1, after installing it if need be.
 * @param port a free one without it.
 * @throws EngineError
 */
export async function startDynamoDb(port = 0): Promise<RunningEngine> {
  const installed = await installEngine('dynamodb');
  const library = `-Dsqlite4java.library.path=${join(installed, 'lib')}`;
  const options = ['-Xmx512m', library, '-DDDBLOCAL_TELEMETRY=0'];
  return startJava({ installed, main: 'DynamoDb', options, arguments: [String(port)] });
}
