// Prints "passed failed" of a jest result file; a suite that could not run counts as failed.
import { readFileSync } from 'node:fs';
const result = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(`${result.numPassedTests} ${result.numFailedTests + result.numRuntimeErrorTestSuites}`);
