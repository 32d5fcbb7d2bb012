import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('mounts below a root: a file system over a watched directory, a bind mount, and both gone again', (context) => {
  const program = fileURLToPath(new URL('./mounting.js', import.meta.url));
  const run = spawnSync('unshare', ['-m', process.execPath, program], { encoding: 'utf8' });
  if (run.stdout === '' && /unshare:/u.test(run.stderr)) {
    context.skip(`no mount namespaces here: ${run.stderr.trim()}`);
    return;
  }
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(JSON.parse(run.stdout), {
    overTold: true,
    inMounted: true,
    bothPlaces: true,
    inUncovered: true,
    watchesAsBefore: true,
    unknown: 0,
  });
});
