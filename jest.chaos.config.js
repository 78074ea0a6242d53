import base from './jest.config.js';

/** Chaos, by a seed: `npm run test:chaos`; CHAOS_SEED has a run again, CHAOS_RUNS makes it longer. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/chaos/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/chaos/engines/'], // npm run test:engines has those
  testTimeout: 600_000,
};
