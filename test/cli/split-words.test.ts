import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitWords } from '#src/cli/split-words.js';

const cases: [line: string, own: string, csync2: string][] = [
  ['run -N 2.csync2.test', 'run', '-N 2.csync2.test'],
  ['run -N web1 --settle 0.1 -A', 'run --settle 0.1', '-N web1 -A'],
  ['run --settle 0.1 -- -N web1', 'run --settle 0.1', '-N web1'],
  ['-ANweb1 check-config --json', 'check-config --json', '-ANweb1'],
  ['run -AN web1 more', 'run more', '-AN web1'],
  ['run -P web2 -A', 'run', '-P web2 -A'],
  ['run -N', 'run', '-N'],
  ['run -- --settle', 'run', '--settle'],
  ['-', '-', ''],
];

for (const [line, own, csync2] of cases) {
  test(`parts: ${line}`, () => {
    const parts = splitWords(line.split(' '));
    assert.deepEqual([parts.own.join(' '), parts.csync2.join(' ')], [own, csync2]);
  });
}
