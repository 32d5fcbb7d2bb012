import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../../../native/test/build', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ics-tree-'));
const program = join(folder, 'tree_test');

before(() => {
  execFileSync(build, [program, 'address,undefined'], { stdio: 'inherit' });
});
after(() => rmSync(folder, { recursive: true }));

function run(...words: string[]): string {
  const done = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  return done.stdout.trim();
}

test('every operation, every order with two delays', (context) =>
  context.diagnostic(run('exhaust', '1', '2')));

test('every two operations, every order with one delay', (context) =>
  context.diagnostic(run('exhaust', '2', '1')));

for (const operations of ['3', '6', '10']) {
  test(`${operations} random operations with watchers that succeed each other`, (context) => {
    const first = String(Math.floor(Math.random() * 2 ** 40));
    context.diagnostic(run('restart', first, '2000', operations));
  });
}

for (const operations of ['3', '4', '6', '10']) {
  test(`${operations} random operations in random order`, (context) => {
    const first = String(Math.floor(Math.random() * 2 ** 40));
    context.diagnostic(run('random', first, '5000', operations));
  });
}
