import base from './jest.config.js';

/** The suites over what is deployed: `npm run test:stack`. */
export default {
  ...base,
  testMatch: ['infra', 'stack'].map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
  testTimeout: 180_000,
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/infra/support/synthesize.mjs',
  globalTeardown: '<rootDir>/test/infra/support/remove-templates.mjs',
};
