import base from './jest.config.js';

/** The suites that drive Chromium, and the clients that take long to build: `npm run test:browser`. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
};
