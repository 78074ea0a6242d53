import base from './jest.config.js';

/**
 * The suites that need DynamoDB Local and OpenSearch, and those of the REST face and the interactions once more, on
 * them: `npm run test:engines`, which starts them.
 */
export default {
  ...base,
  testMatch: ['engines', 'chaos/engines', 'rest', 'interactions'].map(
    (folder) => `<rootDir>/test/${folder}/**/*.test.ts`,
  ),
  testPathIgnorePatterns: [
    '/node_modules/',
    'test/interactions/roles', // 3,000 writes to see what no engine decides
  ],
  setupFiles: ['<rootDir>/test/engines/support/environment.ts'],
  testTimeout: 180_000,
};
