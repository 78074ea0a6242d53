import base from './jest.config.js';

/** The suites that need DynamoDB Local and OpenSearch: `npm run test:engines`, which starts them. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/engines/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
};
