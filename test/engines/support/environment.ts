// The suites of the REST face and the interactions, run by `npm run test:engines`, use the engines.
process.env['TEST_ENGINES'] = 'aws';
