// Prints what a test run has come to: test-summary.mjs RESULTS, a file with a line of JSON of each
// suite.
import { readFileSync } from 'node:fs';

const suites = readFileSync(process.argv[2] ?? '', 'utf8').split('\n').filter(Boolean).map(JSON.parse);

console.log('\n== summary');
for (const { suite, passed, failures, skipped, seconds, reason } of suites) {
  const counts = [`${passed} passed`, `${failures.length} failed`, `${skipped} skipped`, `${seconds} s`];
  console.log(`${suite.padEnd(12)} ${counts.map((text) => text.padEnd(13)).join(' ').trimEnd()}${reason ? `  (${reason})` : ''}`);
}
for (const { file, name, reason, command } of suites.flatMap(({ failures }) => failures)) {
  console.log(`\nfailed: ${file}: ${name}\n  ${reason}\n  repeat: ${command}`);
}
const leftovers = suites.flatMap((suite) => suite.leftovers ?? []);
if (leftovers.length > 0) console.log('\nleft behind, and removed:');
for (const line of leftovers) console.log(`  ${line}`);
