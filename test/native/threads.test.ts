import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../../../native/test/build', import.meta.url));

for (const sanitizers of ['thread', 'address,undefined']) {
  test(`whole watchers beside a churning tree, with -fsanitize=${sanitizers}`, (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'ics-threads-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'watcher_test');
    const root = join(folder, 'root');
    mkdirSync(root);
    execFileSync(build, [program, sanitizers, 'threads'], { stdio: 'inherit' });
    const done = spawnSync(program, [root, '10'], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    context.diagnostic(done.stdout.trim());
  });
}
