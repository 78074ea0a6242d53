import base from './jest.config.js';

/** The suites that need Maven's test cases and examples: `npm run test:spec`. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/spec/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 600_000,
};
