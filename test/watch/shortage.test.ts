import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until, WatchFixture } from './fixture.js';

const program = fileURLToPath(new URL('./shortage.js', import.meta.url));

/** What the program prints, run by other programs that make something short. */
function shown(how: readonly string[], what: string): unknown {
  const [command = process.execPath, ...words] = [...how, process.execPath, program, what];
  const run = spawnSync(command, words, { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

test('the watch limit is reached while it watches: the rest is checked, until the limit is raised', (context) => {
  const namespace = spawnSync('unshare', ['-Ur', 'true'], { encoding: 'utf8' });
  if (namespace.status !== 0) {
    context.skip(`no user namespaces here: ${namespace.stderr.trim()}`);
    return;
  }
  assert.deepEqual(shown(['unshare', '-Ur'], 'limit'), {
    kept: true,
    healed: true,
    losses: ['the watch limit is reached: new directories are not watched'],
  });
});

test('a directory that may not be read, and may after a chmod', () => {
  // Root reads everything, unless these rights are taken from it.
  const how =
    process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
  assert.deepEqual(shown(how, 'denied'), {
    before: 1,
    kept: true,
    healed: true,
    after: 0,
    reason: 'directory not readable: /locked: Permission denied',
  });
});

test('no file descriptor left: checked again when there are some', () => {
  assert.deepEqual(shown(['prlimit', '--nofile=128'], 'descriptors'), {
    premature: 0,
    healed: true,
    losses: [],
  });
});

test('a storm of losses: walks of everything become rare', async (context) => {
  const watch = new WatchFixture(context);
  await watch.bash('mkdir -p a/b c');
  // Nothing that is read fits in: every event is a loss.
  await watch.start({ native: { queueMax: 1 } });
  const begun = performance.now();
  await watch.bash('for i in $(seq 1 400); do echo x > a/f$i; sleep 0.01; done');
  await until(() => watch.losses.length > 0, 'the loss to be told');
  const seconds = (performance.now() - begun) / 1000;
  // One at once, then after pauses of 1, 2, 4 … s at least.
  assert.ok(watch.watcher.stats().reconciles <= 2 + Math.log2(seconds + 1), `${seconds} s`);
});
