/**
 * What stands in one place alone: the names of the files that a run keeps, and how processes are
 * looked into.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../../src', import.meta.url));

/** Lines of src/ that match, as `FILE: LINE`, but for those of some files. */
function found(pattern: RegExp, allowed: RegExp): string[] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  assert.ok(files.length > 200);
  return files
    .filter((file) => !allowed.test(file))
    .flatMap((file) =>
      readFileSync(join(source, file), 'utf8')
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `src/${file}: ${line.trim()}`),
    );
}

const stateFile =
  /[qQ]ueueFile\}|`\$\{(file|queue)\}\.(?!new`)[a-z]+`|'[^']*\.(cursor|peers|unseen|sock)'/;
const countedThing =
  /\$\{[^}]*\} (more |open |new )?(attempts|bytes|changes|clients|conflicts|connections|directories|entries|errors|events|files|hosts|lines|mounts|names|paths|peers|processes|roots|rows|sessions|times|trees|watches(?! \$))\b/;
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: lines of code
/** What is never one. */
const severalThings = [
  '${longestSocketPath} bytes at most',
  '${path.length} bytes)`',
  '${mostFlushes} clients',
  '${mostWaiting} clients',
  '${placesLimit} clients',
  '${limit} bytes`',
  "'' : ` (${times} times",
  "'' : `, ${times} times",
  '${grouped(count)} files are',
  '${stat.nlink} names (hard links)',
  '${maximumIncludeDepth} files include',
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: lines of code
const otherProcess = /`\/proc\/\$\{/;

test('only src/state names the files that a run keeps', () => {
  assert.deepEqual(found(stateFile, /^state\/run-files\.ts$/), []);
});

test('only src/proc looks into other processes', () => {
  // The lock of the queue must tell a process that is gone from one that may not be looked at.
  assert.deepEqual(found(otherProcess, /^(proc\/|queue\/lock\.ts$)/), []);
});

test('numbers of things are said by src/text/counted.ts', () => {
  const named = found(countedThing, /^text\/counted\.ts$/);
  const allowed = (line: string) => severalThings.some((several) => line.includes(several));
  assert.deepEqual(
    named.filter((line) => !allowed(line)),
    [],
  );
  const unused = severalThings.filter((several) => !named.some((line) => line.includes(several)));
  assert.deepEqual(unused, []);
});

test('all rules find what breaks them', () => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: lines of code
  for (const line of [
    '`${settings.queueFile}.peers`',
    '`${file}.lock`',
    "join(directory, 'control.sock')",
  ])
    assert.match(line, stateFile);
  assert.match('readFileSync(`/proc/${pid}/stat`)', otherProcess);
  assert.match('`${report.found} changes found`', countedThing);
  assert.match('`${unread.length} open sessions`', countedThing);
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: lines of code
});
