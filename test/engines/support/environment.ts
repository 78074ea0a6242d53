import { randomUUID } from 'node:crypto';

// The suites of the REST face and the interactions, run by `npm run test:engines`, use the engines.
process.env['TEST_ENGINES'] = 'aws';

// DynamoDB Local keeps a database for each access key. In one for all it looks through the stream records of every table
// that was before at each request: each file has a database of its own.
const { DYNAMODB_ENDPOINT } = process.env;
if (DYNAMODB_ENDPOINT !== undefined) {
  const key = `test${randomUUID().replaceAll('-', '')}`;
  process.env['DYNAMODB_ENDPOINT'] = DYNAMODB_ENDPOINT.replace('://', `://${key}@`);
}
