/** `node scripts/count.mjs <jest's JSON>`: prints "N passed, N failed", and ", N skipped" when there are any. */
import { readFileSync } from 'node:fs';

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null; // jest did not live to write it
  }
}

const report = read(process.argv[2]);
if (report === null) {
  console.log('0 passed, 1 failed');
} else {
  // A file that could not run, or that left something behind, counts as one that failed.
  const broken = report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed'),
  );
  const failed = report.numFailedTests + broken.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  console.log(`${report.numPassedTests} passed, ${failed} failed${tail}`);
}
